"""`Curves`: a run's history as arrays, and what can be told of one curve: its trend, its noise, what patience did.

May be called by every room above `config`; calls nothing of chestnut's. All of it is NumPy on one value an epoch; NaN
stands for what is not known, and every statistic of too few values is NaN.
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

#: Standard deviations within which 95 % of normal differences stay, to one side and to both.
ONE_SIDED, TWO_SIDED = NormalDist().inv_cdf(0.95), NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Curves:
    """One value an epoch of each column of history.csv.

    Attributes:
        columns: Name to values, shape (n,), NaN where undefined.
        epochs: How many epochs there are.
    """

    columns: Mapping[str, Floats]
    epochs: int

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[Any]]) -> Curves:
        """Read columns of equal length; what is no number becomes NaN.

        >>> Curves.of({"loss": [0.5, "high"]})["loss"]
        array([0.5, nan])
        """
        made = {name: np.array([_number(value) for value in values]) for name, values in columns.items()}
        return cls(made, max((len(values) for values in made.values()), default=0))

    def __getitem__(self, name: str) -> Floats:
        """A column, NaN throughout where there is none; shape (n,)."""
        return self.columns.get(name, np.full(self.epochs, np.nan))

    def has(self, name: str) -> bool:
        """Whether a column holds any number."""
        return bool(np.isfinite(self[name]).any())


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def slope(values: npt.ArrayLike) -> float:
    """The change per epoch: the median slope of all pairs (Theil 1950; Sen 1968, JASA 63:1379-1389).

    One epoch far off moves it little. NaN for fewer than two finite values.

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
    """Standard deviation of a curve about its own smooth course, from second differences.

    √(Σ(yᵢ₋₁ − 2yᵢ + yᵢ₊₁)² / 6(n−2)) (Gasser, Sroka and Jennen-Steinmetz 1986, Biometrika 73:625-633): a straight
    trend of any steepness counts for nothing. NaN for fewer than four finite values.

    >>> noise([4.0, 3.0, 2.0, 1.0])
    0.0
    """
    heights = np.asarray(values, dtype=np.float64)
    heights = heights[np.isfinite(heights)]
    if len(heights) < 4:
        return math.nan
    return float(np.sqrt(np.mean(np.diff(heights, 2) ** 2) / 6))


def smoothed(values: npt.ArrayLike) -> Floats:
    """The median of each epoch and its two neighbours, of two at the ends; NaN only where all are."""
    heights = np.asarray(values, dtype=np.float64)
    padded = np.concatenate([[np.nan], heights, [np.nan]])
    windows = np.stack([padded[:-2], padded[1:-1], padded[2:]])
    known = np.isfinite(windows).any(axis=0)
    course = np.full(len(heights), np.nan)
    if known.any():
        course[known] = np.nanmedian(windows[:, known], axis=0)
    return course


def explained_drop(error: float) -> float:
    """The largest drop between two epochs that the number of cases alone explains, 95 times in 100.

    1.645·√2·error: of two networks equally good, whose errors have nothing in common. Those of one network in two
    epochs have much in common, so that true drops by chance are smaller: what exceeds this is no chance.
    """
    return ONE_SIDED * math.sqrt(2) * error


def guessing_loss(counts: Sequence[int], balanced: bool = False) -> float:
    """Cross-entropy of answering every image with the class shares, which is where chestnut's networks start.

    Args:
        counts: Training images of each class.
        balanced: Whether the network starts at equal shares because the recipe balances the classes.

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
        epochs: Epochs that are run.
        kept: The epoch whose weights are kept, from 1; 0 where the metric was never defined.
        value: Its metric; NaN where there is none.
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
    """Where another patience would have ended the run, going by the curve of its metric.

    Args:
        values: The metric by epoch, shape (n,); NaN never wins.
        patience: Epochs without improvement before stopping; 0 never stops.
        smaller: Whether the metric is a loss.
        min_delta: Least change that patience counts as an improvement.
        from_epoch: Epochs before which patience does not run.
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
    """The most epochs from one best value to a better one; 0 where none bettered the first.

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
