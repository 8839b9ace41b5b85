"""How far the features of images keep groups apart: how often an image's nearest neighbours are of its own group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.grouping import Grouping
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.shares import share_estimate

#: The neighbours of an image that are looked at.
NEIGHBOURS = 5

#: How many images' distances to all others are in memory at a time.
_BLOCK = 256


@dataclass(frozen=True)
class Separation:
    """How often the nearest images of other patients are of the same group.

    Attributes:
        column: What the groups are of: `class`, or a column.
        groups: The number of groups.
        images: The number of images whose group is known, and that could have a neighbour of it and of another.
        purity: The share of the nearest images that are of the same group, 0..1, with its interval by patient.
        chance: That share for neighbours drawn at random from the same images.
    """

    column: str
    groups: int
    images: int
    purity: Estimate
    chance: float

    @property
    def excess(self) -> Estimate:
        """How far the groups are apart: 0 as by chance, 1 if all neighbours are of the same group.

        >>> str(Separation("class", 2, 90, Estimate(0.9, 0.8, 0.95), 0.5).excess)
        '0.800 (0.600–0.900)'
        """
        value, low, high = (self._rescale(end) for end in (self.purity.value, self.purity.low, self.purity.high))
        return Estimate(value, low, high)

    @property
    def is_apart(self) -> bool:
        """Whether the groups are further apart than chance explains."""
        return self.purity.low is not None and self.purity.low > self.chance

    def _rescale(self, share: float | None) -> float | None:
        return None if share is None else (share - self.chance) / (1 - self.chance)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and `excess`, for JSON."""
        return asdict(self) | {"excess": self.excess.to_dict()}

    @classmethod
    def from_dict(cls, held: dict[str, Any]) -> Separation:
        """Build it from what `to_dict` returned."""
        return cls(held["column"], held["groups"], held["images"], Estimate(**held["purity"]), held["chance"])


def measure_separation(
    features: Floats, grouping: Grouping, owners: Ints, within: Ints | None = None, count: int = NEIGHBOURS
) -> Separation | None:
    """Measure how far groups are apart; None where no image could have a neighbour of its own group and of another.

    Images of the same patient are never counted as neighbours: they are alike whatever the groups are.

    Args:
        features: The images, shape (n, features); distances are Euclidean.
        grouping: The group of each image, -1 where it is not known.
        owners: The patient number of each image, shape (n,).
        within: A class of each image, shape (n,): only images of the same class are then neighbours, so that groups
            which merely have more of one class are not apart for that reason. None for any neighbours.
        count: The number of neighbours; where fewer images of other patients are known, all of these.

    >>> places = np.array([[0.0], [1], [2], [10], [11], [12]])
    >>> groups = Grouping("site", ("a", "b"), np.array([0, 0, 0, 1, 1, 1]))
    >>> found = measure_separation(places, groups, np.arange(6), count=2)
    >>> found.purity.value, round(found.chance, 6)
    (1.0, 0.4)
    """
    known = np.flatnonzero(grouping.codes >= 0)
    codes, patients = grouping.codes[known], owners[known]
    strata = np.zeros(len(known), np.int64) if within is None else within[known]
    values = np.asarray(features[known], dtype=np.float64)
    parts = [
        _neighbours(values, codes, patients, strata, slice(start, start + _BLOCK), count)
        for start in range(0, len(known), _BLOCK)
    ]
    if not parts:
        return None
    shares, chances = (np.concatenate(each) for each in zip(*parts, strict=True))
    usable = (chances > 0) & (chances < 1)
    if not usable.any():
        return None
    purity = share_estimate(shares[usable], patients[usable])
    found = len(np.unique(codes[usable]))
    return Separation(grouping.column, found, int(usable.sum()), purity, float(chances[usable].mean()))


def _neighbours(
    values: Floats, codes: Ints, patients: Ints, strata: Ints, rows: slice, count: int
) -> tuple[Floats, Floats]:
    """Return the share of neighbours of the same group, and the share of all candidates, NaN where there is none."""
    allowed = (patients[rows, None] != patients) & (strata[rows, None] == strata)
    same = (codes[rows, None] == codes) & allowed
    candidates = allowed.sum(axis=1)
    chance = _divide(same.sum(axis=1), candidates)
    distances = _squared_distances(values[rows], values)
    distances[~allowed] = np.inf
    count = min(count, len(values) - 1)
    order = np.argpartition(distances, count - 1, axis=1)[:, :count] if count else np.zeros((len(codes[rows]), 0), int)
    taken = np.take_along_axis(allowed, order, axis=1)
    return _divide(np.take_along_axis(same, order, axis=1).sum(axis=1), taken.sum(axis=1)), chance


def _divide(part: npt.NDArray[np.integer], whole: npt.NDArray[np.integer]) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0), dtype=np.float64)


def _squared_distances(some: Floats, others: Floats) -> Floats:
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    distances: Floats = np.maximum(squares - 2 * some @ others.T, 0)
    return distances


def describe_separations(separations: Sequence[Separation], within: Sequence[Separation]) -> list[str]:
    """Say in sentences which columns are further apart than the classes, or apart among images of one class.

    Args:
        separations: Those of the class and of columns.
        within: Those of columns among images of one class.
    """
    by_column = {one.column: one for one in separations}
    own = by_column.get("class")
    sentences = []
    for one in within:
        whole = by_column.get(one.column)
        more = own is not None and whole is not None and whole.is_apart and _value(whole) > _value(own)
        if more:
            sentences.append(
                f"{one.column} is kept apart better than the class: the network may decide by how an image was made"
            )
        elif one.is_apart:
            sentences.append(
                f"{one.column} is kept apart among images of one class, so the features hold more than the class"
            )
    return sentences


def _value(separation: Separation) -> float:
    return separation.excess.value or 0.0
