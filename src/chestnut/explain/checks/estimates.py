"""Means over images, with intervals that count patients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.intervals.distributions import t_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.shares import Share
from chestnut.evaluation.patients import number_patients, sum_by_patient


def mean_share(values: npt.ArrayLike, patients: npt.ArrayLike, *, hits: bool = False) -> Estimate:
    """Return the mean of shares from 0 to 1, with its interval; undefined where there is no value.

    Args:
        values: The share of each image, shape (n,); NaN for images to leave out.
        patients: Patient identities, shape (n,).
        hits: Whether the shares are hits, 1 or 0, which vary more than numbers in between.

    >>> str(mean_share([0.2, 0.4, np.nan], ["a", "b", "c"]))
    '0.300 (0.023–0.789)'
    """
    shares, owners = _present(values, patients)
    if not shares.size:
        return Estimate(None)
    sums = sum_by_patient(shares, owners)[0], sum_by_patient(1, owners)[0]
    return Share.of(*sums, least_effect=float(hits)).estimate()


def mean_value(values: npt.ArrayLike, patients: npt.ArrayLike) -> Estimate:
    """Return the mean of numbers that may be negative, such as differences, with Student's interval over patients.

    The arguments are those of `mean_share`. There is no interval with fewer than two patients.

    >>> str(mean_value([0.2, 0.4, 0.3], ["a", "b", "c"]))
    '0.300 (0.052–0.548)'
    """
    numbers, owners = _present(values, patients)
    if not numbers.size:
        return Estimate(None)
    means = (sum_by_patient(numbers, owners) / sum_by_patient(1, owners))[0]
    mean, count = float(means.mean()), len(means)
    if count < 2:
        return Estimate(mean)
    reach = float(t_quantile((1 + CONFIDENCE) / 2, count - 1) * means.std(ddof=1) / np.sqrt(count))
    return Estimate(mean, mean - reach, mean + reach)


def _present(values: npt.ArrayLike, patients: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], Ints]:
    numbers = np.asarray(values, dtype=np.float64)
    some = np.isfinite(numbers)
    owners, _ = number_patients(np.asarray(patients)[some])
    return numbers[some], owners
