"""Divide images into groups by a column such as sex or age, with numbers in bands."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chestnut.evaluation.arrays import Floats, Ints

#: Groups of fewer patients are never shown by themselves, since they may point at a person.
FEWEST_SHOWN = 5
#: The most groups of a column; the smallest of more become one.
MOST_GROUPS = 20
#: What groups are called that are too small to be shown.
RARE = "rare values"

#: The first year of each band of ages, and its name.
AGE_BANDS = {0: "0–1", 2: "2–12", 13: "13–17", 18: "18–39", 40: "40–64", 65: "65+"}

#: So many different numbers are groups by themselves; more are measurements.
FEW_NUMBERS = 6

_PARTS = 4
# Fewer edges than these are a single group.
_FEWEST_EDGES = 3
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_DICOM_AGE = re.compile(r"(\d{1,3})([DWMY])")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_AGES = {"age", "ages", "patientage", "patientsage", "ageyears", "ageinyears", "agey", "ageatstudy", "ageatexam"}


@dataclass(frozen=True, eq=False)
class Grouping:
    """Images in groups.

    Attributes:
        column: The column that divides them.
        labels: The names of the groups, in order.
        codes: The number of each image's group, -1 where the cell is empty, shape (n,).
    """

    column: str
    labels: tuple[str, ...]
    codes: Ints

    @classmethod
    def of(cls, column: str, cells: Sequence[str], owners: Ints) -> Grouping:
        """Group images by the cells of a column.

        Ages become the bands of `AGE_BANDS`. Other numbers become quarters of the images where there are more than six
        different ones; where most images have the same, they are divided at that. A text is a group. Groups of fewer
        than five patients become one.

        Args:
            column: The name of the column, which tells whether it has ages.
            cells: The cell of each image, empty where it is not known.
            owners: Each image's patient number, shape (n,).

        >>> Grouping.of("age", ["3", "70", "", "044Y"] * 5, np.arange(20)).labels
        ('2–12', '40–64', '65+')
        """
        values = parse_numbers(cells)
        if values is None:
            names = sorted(set(cells) - {""}, key=lambda text: (text.casefold(), text))
            number = {name: place for place, name in enumerate(names)}
            codes = np.array([number.get(cell, -1) for cell in cells], dtype=np.int64)
        elif is_age(column) and np.nanmin(values, initial=0) >= 0:
            codes, names = _cut(values, list(AGE_BANDS)), list(AGE_BANDS.values())
        else:
            codes, names = _divide(values)
        return cls(column, *_join_small(codes, names, owners))

    def rows(self, label: str) -> Ints:
        """Return the positions of a group's images."""
        return np.flatnonzero(self.codes == self.labels.index(label))


def is_age(column: str) -> bool:
    """Tell whether a column has ages, by its name.

    >>> is_age("Patient Age"), is_age("stage")
    (True, False)
    """
    return re.sub(r"[^a-z]", "", column.lower()) in _AGES


def parse_numbers(cells: Sequence[str]) -> Floats | None:
    """Return cells as numbers, NaN where they are empty; None unless all others are finite numbers.

    An age as DICOM writes it, such as 006M, is a number of years.

    >>> parse_numbers(["45", "", "006M"]).tolist(), parse_numbers(["45", "old"])
    ([45.0, nan, 0.5], None)
    """
    known = {cell: _parse(cell) for cell in set(cells) if cell}
    if not known or not all(map(math.isfinite, known.values())):
        return None
    return np.array([known.get(cell, math.nan) for cell in cells], dtype=np.float64)


def _parse(cell: str) -> float:
    if _NUMBER.fullmatch(cell):
        return float(cell)
    age = _DICOM_AGE.fullmatch(cell)
    return math.nan if age is None else int(age[1]) * _YEARS[age[2]]


def _cut(values: Floats, starts: Sequence[float]) -> Ints:
    """Return the number of the band that each value is in, by the bands' first values; -1 for NaN."""
    codes = np.searchsorted(np.asarray(starts), values, side="right") - 1
    return np.where(np.isnan(values), -1, codes).astype(np.int64)


def _divide(values: Floats) -> tuple[Ints, list[str]]:
    """Return the groups of numbers: each different one, or quarters."""
    known = values[~np.isnan(values)]
    different, counts = np.unique(known, return_counts=True)
    if len(different) <= FEW_NUMBERS:
        return _cut(values, different.tolist()), [f"{value:g}" for value in different]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _PARTS + 1), method="nearest"))
    if len(edges) < _FEWEST_EDGES or counts.max() > len(known) / 2:
        return _divide_at_commonest(values)
    ends = [f"{edge:.4g}" for edge in edges]
    return _cut(values, edges[:-1].tolist()), [f"{low} to {high}" for low, high in pairwise(ends)]


def _divide_at_commonest(values: Floats) -> tuple[Ints, list[str]]:
    """Return the numbers below the commonest one, that one itself, and those above."""
    different, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    common = float(different[counts.argmax()])
    codes = np.where(np.isnan(values), -1, np.sign(values - common) + 1).astype(np.int64)
    return codes, [f"below {common:.4g}", f"{common:.4g}", f"above {common:.4g}"]


def _join_small(codes: Ints, names: Sequence[str], owners: Ints) -> tuple[tuple[str, ...], Ints]:
    """Return the groups without those of no image, the small ones and the smallest of very many joined as the last."""
    patients = np.array([len(np.unique(owners[codes == code])) for code in range(len(names))], dtype=np.int64)
    large = np.flatnonzero(patients >= FEWEST_SHOWN)
    if len(large) > MOST_GROUPS:
        large = np.sort(large[np.argsort(-patients[large], kind="stable")[: MOST_GROUPS - 1]])
    place = np.full(len(names) + 1, len(large), dtype=np.int64)
    place[large], place[-1] = np.arange(len(large)), -1
    joined = place[codes]
    rest = (RARE,) if (joined == len(large)).any() else ()
    return (*(names[code] for code in large.tolist()), *rest), joined
