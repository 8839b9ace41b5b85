"""`CalibrationBin`: how often a class is present where the network gives it about the same probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.calibration.error import equal_mass_bins
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.patients import number_patients


@dataclass(frozen=True)
class CalibrationBin:
    """Images to which the network gives about the same probability.

    Attributes:
        lowest: The lowest probability among them.
        highest: The highest.
        predicted: The mean of their probabilities.
        images: The number of images.
        patients: The number of their patients.
        positives: The number of images of the class.
        observed: The share of images of the class, with its interval.
    """

    lowest: float
    highest: float
    predicted: float
    images: int
    patients: int
    positives: int
    observed: Estimate


def calibration_bins(
    truth: npt.NDArray[np.bool_], probabilities: npt.ArrayLike, patients: npt.ArrayLike
) -> tuple[CalibrationBin, ...]:
    """Divide images into the bins of the calibration error, and count in each how many are of the class.

    The bins are those of `equal_mass_bins`; the interval of a share counts patients, see `intervals.shares`.

    Args:
        truth: Whether each image is of the class, shape (n,), n > 0.
        probabilities: The probability of the class, in 0..1, shape (n,).
        patients: Identities, shape (n,).

    Returns:
        The bins by rising probability.

    >>> bins = calibration_bins(np.array([False] * 10 + [True] * 10), [0.2] * 10 + [0.9] * 10, np.arange(20))
    >>> [(one.images, one.positives, one.predicted) for one in bins]
    [(10, 0, 0.2), (10, 10, 0.9)]
    """
    values = np.asarray(probabilities, dtype=np.float64)
    owners, _ = number_patients(patients)
    numbers = equal_mass_bins(values)
    return tuple(_count(truth[inside], values[inside], owners[inside]) for inside in _masks(numbers))


def _masks(numbers: Ints) -> list[npt.NDArray[np.bool_]]:
    return [numbers == number for number in range(int(numbers.max()) + 1)]


def _count(
    truth: npt.NDArray[np.bool_], values: npt.NDArray[np.float64], owners: npt.NDArray[np.int64]
) -> CalibrationBin:
    return CalibrationBin(
        lowest=float(values.min()),
        highest=float(values.max()),
        predicted=float(values.sum() / len(values)),
        images=len(values),
        patients=len(np.unique(owners)),
        positives=int(truth.sum()),
        observed=share_estimate(truth, owners),
    )
