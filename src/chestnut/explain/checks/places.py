"""How much of the maps of each class lies inside the lungs, in the border and outside the body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chestnut.explain.checks.estimates import mean_share, mean_value
from chestnut.explain.checks.method_check import PlaceShare, Values
from chestnut.explain.checks.subjects import Subjects
from chestnut.explain.checks.zones import PLACES
from chestnut.lungfield.heat import share_inside


def measure_places(maps: Sequence[Values], subjects: Subjects) -> tuple[PlaceShare, ...]:
    """Measure the shares by class and place, over the images whose lungs were found.

    Args:
        maps: The map of each image, shape (height, width).
        subjects: The images.
    """
    return tuple(_measure(maps, subjects))


def _measure(maps: Sequence[Values], subjects: Subjects) -> Iterator[PlaceShare]:
    for number, name in enumerate(subjects.classes):
        members = np.flatnonzero(subjects.targets == number).tolist()
        rows = [row for row in members if subjects.regions[row] is not None]
        patients = subjects.patients[rows]
        for place in PLACES:
            masks = [getattr(subjects.regions[row], place) for row in rows]
            shares = np.array([share_inside(maps[row], mask) for row, mask in zip(rows, masks, strict=True)])
            areas = np.where(np.isfinite(shares), [mask.mean() for mask in masks], np.nan)
            some = np.isfinite(shares)
            yield PlaceShare(
                of=name,
                place=place,
                images=int(some.sum()),
                share=mean_share(shares, patients),
                chance=float(areas[some].mean()) if some.any() else None,
                excess=mean_value(shares - areas, patients),
            )
