"""`LeftOut`: how many images were left out of a data set for one reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class LeftOut:
    """Some images that a data set has and that are not used.

    Attributes:
        reason: Why, to follow "they": "cannot be read".
        images: The number of images.
        patients: The number of patients that they belong to; None where that is not known.
    """

    reason: str
    images: int
    patients: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned."""
        return cls(str(values["reason"]), int(values["images"]), values.get("patients"))


def merge(found: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """Return images that were left out, with those of one reason together.

    >>> merge([LeftOut("have no label", 2), LeftOut("cannot be read", 1, 1), LeftOut("have no label", 1)])
    (LeftOut(reason='have no label', images=3, patients=None), LeftOut(reason='cannot be read', images=1, patients=1))
    """
    sums: dict[str, LeftOut] = {}
    for one in found:
        if (before := sums.get(one.reason)) is None:
            sums[one.reason] = one
        else:  # patients of two groups may be the same ones
            sums[one.reason] = LeftOut(one.reason, before.images + one.images)
    return tuple(one for one in sums.values() if one.images)
