"""`LostLungs`: the images in which no two lungs were found, and a note on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chestnut.errors import listed

#: The share of images without lungs from which they are no longer odd ones.
_MANY = 0.05


@dataclass(frozen=True)
class LostLungs:
    """The images of a data set in which no two lungs were found, so that the whole image was used.

    Attributes:
        names: The file names of those images.
        total: The number of all images.
    """

    names: tuple[str, ...]
    total: int

    @classmethod
    def of(cls, paths: Sequence[str], found: Iterable[bool]) -> Self:
        """Take the images whose lungs were not found.

        Args:
            paths: The path of each image.
            found: Whether its lungs were found.
        """
        lost = (Path(path).name for path, seen in zip(paths, found, strict=True) if not seen)
        return cls(tuple(lost), len(paths))

    @property
    def many(self) -> bool:
        """Whether they are more than 5 % of all images, which is unusual for frontal chest images."""
        return len(self.names) > _MANY * self.total

    def __str__(self) -> str:
        """Say in which images no lungs were found; empty where they were found in all.

        >>> print(LostLungs(("hand.png",), 796))
        lungs not found in 1 of 796 images (hand.png); the whole image was used
        """
        if not self.names:
            return ""
        advice = "; that is unusual: look at what is found with chestnut show DATA --lungs" if self.many else ""
        return (
            f"lungs not found in {len(self.names):,} of {self.total:,} images ({listed(self.names, 3)}); "
            f"the whole image was used{advice}"
        )
