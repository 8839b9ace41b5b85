"""`Curves`: the history of a run as arrays, and statistics of one curve, such as its trend, its noise and its stops.

A curve has one value for each epoch. NaN stands for an unknown value, and a statistic of too few values is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: The standard deviations that 95 % of normal differences stay within, on one side and on both.
ONE_SIDED, TWO_SIDED = NormalDist().inv_cdf(0.95), NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Curves:
    """The columns of history.csv, with one value for each epoch.

    Attributes:
        columns: The values of each column by its name, shape (n,), NaN where undefined.
        epochs: The number of epochs.
    """

    columns: Mapping[str, Floats]
    epochs: int

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[Any]]) -> Curves:
        """Read columns of equal length; values that are not numbers become NaN.

        >>> Curves.of({"loss": [0.5, "high"]})["loss"]
        array([0.5, nan])
        """
        arrays = {name: np.array([_number(value) for value in values]) for name, values in columns.items()}
        return cls(arrays, max((len(values) for values in arrays.values()), default=0))

    def __getitem__(self, name: str) -> Floats:
        """Return a column, shape (n,); all NaN where it does not exist."""
        return self.columns.get(name, np.full(self.epochs, np.nan))

    def has(self, name: str) -> bool:
        """Return whether a column has any finite value."""
        return bool(np.isfinite(self[name]).any())


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def slope(values: npt.ArrayLike) -> float:
    """Return the change per epoch: the median slope of all pairs (Theil 1950; Sen 1968, JASA 63:1379-1389).

    A single epoch far off changes it little. NaN for fewer than two finite values.

    >>> slope([1.0, 0.9, 9.0, 0.7])
    -0.1
    """
    heights = np.asarray(values, dtype=np.float64)
    places = np.flatnonzero(np.isfinite(heights))
    first, second = np.triu_indices(len(places), 1)
    if not len(first):
        return math.nan
    rises = heights[places[second]] - heights[places[first]]
    return round(float(np.median(rises / (places[second] - places[first]))), 12)


def noise(values: npt.ArrayLike) -> float:
    """Return the standard deviation of a curve about its own smooth course, from second differences.

    √(Σ(yᵢ₋₁ − 2yᵢ + yᵢ₊₁)² / 6(n−2)) (Gasser, Sroka and Jennen-Steinmetz 1986, Biometrika 73:625-633): a
    straight trend contributes nothing, however steep. NaN for fewer than four finite values.

    >>> noise([4.0, 3.0, 2.0, 1.0])
    0.0
    """
    heights = np.asarray(values, dtype=np.float64)
    heights = heights[np.isfinite(heights)]
    if len(heights) < 4:
        return math.nan
    return float(np.sqrt(np.mean(np.diff(heights, 2) ** 2) / 6))


def smoothed(values: npt.ArrayLike) -> Floats:
    """Return the median of each epoch and its neighbours, shape (n,); NaN only where all of them are."""
    heights = np.asarray(values, dtype=np.float64)
    padded = np.concatenate([[np.nan], heights, [np.nan]])
    windows = np.stack([padded[:-2], padded[1:-1], padded[2:]])
    known = np.isfinite(windows).any(axis=0)
    course = np.full(len(heights), np.nan)
    if known.any():
        course[known] = np.nanmedian(windows[:, known], axis=0)
    return course


def explained_drop(error: float) -> float:
    """Return the largest drop between two epochs that the number of cases explains, 95 times in 100.

    It is 1.645·√2·error, which holds for two equally good networks with independent errors. The errors of one network
    in two epochs are related, so drops by chance are smaller, and a larger drop than this is not chance.

    Args:
        error: The standard error of the figure in one epoch.
    """
    return ONE_SIDED * math.sqrt(2) * error


def guessing_loss(counts: Sequence[int], balanced: bool = False) -> float:
    """Return the cross-entropy of answering every image with the class shares, at which chestnut's networks start.

    Args:
        counts: The number of training images of each class.
        balanced: Whether the network starts at equal shares because the recipe balances the classes.

    Returns:
        In nats; NaN for fewer than two classes with images.

    >>> round(guessing_loss([100, 100]), 3), round(guessing_loss([100, 300]), 3)
    (0.693, 0.562)
    """
    present = np.array([count for count in counts if count > 0], dtype=np.float64)
    if len(present) < 2:
        return math.nan
    if balanced:
        return math.log(len(present))
    shares = present / present.sum()
    return float(-(shares * np.log(shares)).sum())


@dataclass(frozen=True)
class Stop:
    """Where early stopping ends a run.

    Attributes:
        epochs: The number of epochs that are run.
        kept: The epoch whose weights are kept, from 1; 0 where the metric was never defined.
        value: The metric of that epoch; NaN where there is none.
    """

    epochs: int
    kept: int
    value: float


def replay(
    values: npt.ArrayLike,
    patience: int,
    *,
    smaller: bool = True,
    min_delta: float = 0.0,
    from_epoch: int = 0,
) -> Stop:
    """Return where another patience would have ended a run with this curve.

    Args:
        values: The metric of each epoch, shape (n,); NaN is never the best.
        patience: The number of epochs without improvement before stopping; 0 never stops.
        smaller: Whether a smaller metric is better.
        min_delta: The least change that counts as an improvement.
        from_epoch: The epoch from which patience counts.
    """
    heights = np.asarray(values, dtype=np.float64)
    losses = heights if smaller else -heights
    kept, best, reference, waited, done = 0, math.inf, math.inf, 0, 0
    for done, value in enumerate(losses.tolist(), 1):
        if value < best:
            kept, best = done, value
        if value < reference - (min_delta if math.isfinite(reference) else 0):
            reference, waited = value, 0
        elif done > from_epoch:
            waited += 1
        if patience and waited >= patience:
            break
    return Stop(done, kept, float(heights[kept - 1]) if kept else math.nan)


def longest_wait(values: npt.ArrayLike, *, smaller: bool = True) -> int:
    """Return the largest number of epochs between one best value and the next; 0 where the first was never beaten.

    >>> longest_wait([0.9, 0.8, 0.85, 0.82, 0.7, 0.9])
    3
    """
    losses = np.asarray(values, dtype=np.float64) * (1 if smaller else -1)
    best, bests = math.inf, []
    for place, value in enumerate(losses.tolist()):
        if value < best:
            best = value
            bests.append(place)
    return max((after - before for before, after in pairwise(bests)), default=0)
