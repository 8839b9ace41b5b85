"""`PredictionSummary`: what is known of all predictions of a list of images, and the first of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from chestnut.data.lost_lungs import LostLungs
from chestnut.errors import DataError
from chestnut.inference.predictions import Predictions

#: The number of faults that are told.
_NAMED = 3


@dataclass(frozen=True)
class PredictionSummary:
    """Counts of predictions.

    Attributes:
        shown: The first predictions.
        images: The number of images that were predicted.
        unread: The number of images that could not be read.
        faults: What is wrong with the first of these.
        decisions: The number of images by decision, for all classes.
        lost_lungs: The images whose lungs were not found.
        set_sizes: The number of images by the number of classes in their prediction set; empty without sets.
        outliers: The number of images unlike the training images by what is strange about them; None without a guard.
        overlap: The number of images that belong to each split of the run; None where that is not known.
    """

    shown: Predictions
    images: int
    unread: int
    faults: tuple[str, ...]
    decisions: Mapping[str, int]
    lost_lungs: LostLungs
    set_sizes: Mapping[int, int]
    outliers: Mapping[str, int] | None
    overlap: Mapping[str, int] | None

    @classmethod
    def of(cls, parts: Iterable[Predictions], most: int | None = None) -> Self:
        """Take the predictions of one network, at least one part, as they come.

        Args:
            parts: The parts.
            most: How many of all images, those that could not be read among them, are kept; None for all.

        Raises:
            DataError: Not one image could be read.
        """
        kept: list[Predictions] = []
        counts = _Counts()
        for part in parts:
            left = len(part.paths) + len(part.bad) if most is None else max(0, most - counts.images - counts.unread)
            if left or not kept:
                kept.append(part.first(left))
            counts.add(part)
        shown = Predictions.joined(kept)
        if not counts.images:
            raise DataError(
                f"none of the {counts.unread:,} images can be read ({'; '.join(counts.faults)}); give other files"
            )
        sizes = range(1, len(shown.classes) + 1) if shown.set_rule else ()
        return cls(
            shown=shown,
            images=counts.images,
            unread=counts.unread,
            faults=tuple(counts.faults),
            decisions={name: counts.decisions[name] for name in shown.classes},
            lost_lungs=LostLungs(tuple(counts.lost), counts.images),
            set_sizes={size: counts.sizes[size] for size in sizes},
            outliers=None if shown.verdicts is None else dict(counts.outliers.most_common()),
            overlap=counts.overlap,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {
            "decisions": dict(self.decisions),
            "set_sizes": dict(self.set_sizes),
            "outliers": None if self.outliers is None else dict(self.outliers),
            "overlap": None if self.overlap is None else dict(self.overlap),
        }


class _Counts:
    """What is counted part by part."""

    def __init__(self) -> None:
        self.images = self.unread = 0
        self.decisions: Counter[str] = Counter()
        self.sizes: Counter[int] = Counter()
        self.outliers: Counter[str] = Counter()
        self.lost: list[str] = []
        self.faults: list[str] = []
        self.overlap: dict[str, int] | None = None

    def add(self, part: Predictions) -> None:
        """Count a part."""
        self.images += len(part.paths)
        self.unread += len(part.bad)
        self.faults = (self.faults + [str(fault) for fault in part.bad[:_NAMED]])[:_NAMED]
        self.decisions.update(part.decisions)
        self.sizes.update(map(len, part.sets or ()))
        if part.verdicts is not None:
            self.outliers.update(part.verdicts.counts)
        if part.lost_lungs is not None:
            self.lost += part.lost_lungs.names
        if part.overlap is not None:
            before = self.overlap or {}
            self.overlap = {name: before.get(name, 0) + count for name, count in part.overlap.items()}
