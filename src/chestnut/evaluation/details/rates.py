"""`Rates`: the shares of images that reach each of many thresholds, with exact intervals that count patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.distributions import beta_quantile, normal_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE

# Summed squares below this are the rounding of sums of whole numbers.
_ROUNDING = 1e-18
# In place of a parameter of 0, whose distribution is a point.
_LEAST = 1e-9


def count_reaching(scores: Floats, owners: Ints, thresholds: Floats, patients: int) -> Floats:
    """Count the images of each patient whose score is at least each threshold.

    Args:
        scores: Shape (n,).
        owners: Each image's patient number, shape (n,).
        thresholds: In rising order, shape (k,).
        patients: The number of patients.

    Returns:
        Shape (patients, k).

    >>> count_reaching(np.array([0.2, 0.5, 0.9]), np.array([0, 0, 1]), np.array([0.1, 0.5]), 2).tolist()
    [[2.0, 1.0], [1.0, 1.0]]
    """
    steps = len(thresholds) + 1
    cells = owners * steps + np.searchsorted(thresholds, scores, side="right")
    counts = np.bincount(cells, minlength=patients * steps).reshape(patients, steps)
    reaching = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return reaching.astype(np.float64)


@dataclass(frozen=True)
class Rates:
    """Shares at many thresholds: what `intervals.shares.Share` is for one, computed for all at once.

    Attributes:
        values: The shares, in 0..1, shape (k,).
        sizes: How many independent trials each is worth, above 0, shape (k,).
    """

    values: Floats
    sizes: Floats

    @classmethod
    def of(cls, hits: Floats, trials: Floats) -> Self:
        """Estimate shares from the sums of each patient.

        Args:
            hits: The number of each patient's hits, shape (patients, k).
            trials: The number of each patient's trials, not all 0 at any threshold, shape (patients,) or (patients, k).
        """
        sizes = trials if trials.ndim > 1 else trials[:, None]
        total, patients = sizes.sum(axis=0), (sizes > 0).sum(axis=0)
        values = np.clip(hits.sum(axis=0) / total, 0, 1)
        squares = (hits - values * sizes) ** 2
        summed, fourth = squares.sum(axis=0), (squares**2).sum(axis=0)
        largest = (sizes**2).sum(axis=0) / total
        inside = (values > 0) & (values < 1) & (summed > _ROUNDING) & (patients > 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            observed = patients / np.maximum(patients - 1, 1) * summed / total / (values * (1 - values))
            freedom = summed**2 / fourth
            shrunk = np.maximum(1.0, (freedom * observed + largest) / (freedom + 1))
        return cls(values, total / np.where(inside, shrunk, largest))

    def ends(self, confidence: npt.ArrayLike = CONFIDENCE) -> tuple[Floats, Floats]:
        """Return the ends of the exact interval at each threshold, each of shape (k,).

        Args:
            confidence: The coverage, one for all or one for each, in 0..1.
        """
        tail = (1 - np.asarray(confidence, dtype=np.float64)) / 2
        hits = self.values * self.sizes
        misses = np.maximum(self.sizes - hits, 0)
        low, high = beta_quantile(tail, hits, misses + 1), beta_quantile(1 - tail, hits + 1, misses)
        return np.minimum(low, self.values), np.maximum(high, self.values)

    def distances(self, share: float) -> Floats:
        """Return how far each share is from a supposed true one, in standard deviations of a normal distribution.

        It is the normal quantile of the tail probability of the exact distribution, of which the observed share counts
        half (mid-P: Lancaster 1961, JASA 56:223-234); 0 where that is a half or more.

        Args:
            share: The supposed true share, within 0..1.
        """
        hits = self.values * self.sizes
        misses = np.maximum(self.sizes - hits, 0)
        above = self.values > share
        tail = np.where(above, _tail(hits, misses, share), _tail(misses, hits, 1 - share))
        return np.maximum(0.0, -normal_quantile(tail))


def _tail(hits: Floats, misses: Floats, share: float) -> Floats:
    """Return the probability of more hits than these, plus half that of as many."""
    from scipy import special

    at_least = np.where(hits > 0, special.betainc(np.maximum(hits, _LEAST), misses + 1, share), 1.0)
    more = np.where(misses > 0, special.betainc(hits + 1, np.maximum(misses, _LEAST), share), 0.0)
    half: Floats = (at_least + more) / 2
    return half
