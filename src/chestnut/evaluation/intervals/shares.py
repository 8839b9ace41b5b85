"""Intervals of shares and other means between 0 and 1, whose trials come from patients."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.distributions import beta_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.influence import Influence, shrink, whole_patients
from chestnut.evaluation.patients import sum_by_patient

# The share of hits may be a quotient that was multiplied again.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Share:
    """A mean of values from 0 to 1, and how many independent trials of 0 or 1 it is worth.

    Attributes:
        value: The mean, in 0..1.
        size: The number of independent trials, above 0; it need not be whole.
    """

    value: float
    size: float

    @classmethod
    def of(cls, hits: Floats, trials: Floats, least_effect: float = 1.0) -> Share:
        """Estimate a share from the sums of each patient.

        Trials of one patient resemble each other. The design effect says how many of them are worth one independent
        trial (Korn and Graubard 1998, Survey Methodology 24:193-201). It is shrunk towards the largest possible one,
        that of patients who go right or wrong as a whole; see `shrink`.

        Args:
            hits: The sum of the values of each patient's trials, shape (patients,).
            trials: The number of trials of each patient, not all 0, shape (patients,).
            least_effect: The least design effect: 1 for trials of 0 or 1, 0 for values in between, which vary less.

        >>> Share.of(np.array([2.0, 1, 1]), np.array([2.0, 1, 1])).size
        2.6666666666666665
        """
        total = trials.sum()
        value = float(np.clip(hits.sum() / total, 0, 1))
        largest = 1 / whole_patients(trials)
        spread = value * (1 - value)
        if spread == 0:
            return cls(value, 1 / largest)
        variance = shrink(Influence.of(hits, trials), spread * largest)
        return cls(value, spread / max(variance, least_effect * spread / float(total)))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the ends of the exact interval of that many trials (Clopper and Pearson 1934, Biometrika 26:404).

        >>> low, high = Share(1.0, 14).interval()
        >>> round(low, 3), high
        (0.768, 1.0)
        """
        tail, hits = (1 - confidence) / 2, self.value * self.size
        low = float(beta_quantile(tail, hits, self.size - hits + 1))
        high = float(beta_quantile(1 - tail, hits + 1, self.size - hits))
        return min(low, self.value), max(high, self.value)

    def estimate(self, confidence: float = CONFIDENCE) -> Estimate:
        """Return the share with its interval."""
        return Estimate(self.value, *self.interval(confidence))


def share_estimate(hits: npt.ArrayLike, owners: Ints, confidence: float = CONFIDENCE) -> Estimate:
    """Return a share of trials of patients, such as sensitivity among the positive images, with its interval.

    See `Share`: the exact interval of as many independent trials as the patients' are worth. 14 of 14 right, each of
    another patient, is 1 with an interval from 0.77 up.

    Args:
        hits: What each trial gives, shape (n,): whether it is a hit, or a number from 0 to 1.
        owners: The patient number of each trial, shape (n,).
        confidence: The coverage, in 0..1.

    Raises:
        DataError: There are no trials, or one is not from 0 to 1.

    >>> str(share_estimate([True] * 14, np.arange(14)))
    '1.000 (0.768–1.000)'
    >>> str(share_estimate([True, True, True, False], np.array([0, 0, 1, 2])))
    '0.750 (0.090–0.999)'
    """
    values = np.asarray(hits, dtype=np.float64)
    if values.ndim != 1 or not values.size or values.shape != owners.shape:
        raise DataError(f"{values.size} trials of {owners.size} patients; give one or more, each with its patient")
    if not ((values >= 0) & (values <= 1)).all():
        raise DataError(f"trials from {values.min():g} to {values.max():g}; give numbers from 0 to 1")
    return Share.of(sum_by_patient(values, owners)[0], sum_by_patient(1, owners)[0]).estimate(confidence)


def wilson(hits: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Return Wilson's score interval for a share of independent trials (Wilson 1927, JASA 22:209-212).

    Args:
        hits: The number of hits, which need not be whole.
        trials: The number of trials, above 0.
        confidence: The coverage, in 0..1.

    Returns:
        The lower and the upper ends, in 0..1.

    Raises:
        DataError: There are no trials, or not from 0 to as many hits.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n, found = np.asarray(trials, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    if not ((n > 0) & np.isfinite(n) & (found >= 0) & (found <= n * (1 + _ROUNDING))).all():
        raise DataError(f"{hits!r} hits of {trials!r} trials; give more than 0 trials, and at most as many hits")
    share = np.minimum(found / n, 1)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(centre - reach, 0, 1), np.clip(centre + reach, 0, 1)
