"""`Gaps`: the differences of predicted and observed shares in bins of probability; their sum, the calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import require_finite
from chestnut.evaluation.patients import sum_by_patient

#: The largest number of bins, and the fewest images that a bin should have.
BINS = 15
LEAST_IN_BIN = 10


def equal_mass_bins(scores: npt.ArrayLike, most: int = BINS) -> Ints:
    """Divide scores into bins of about equally many; equal scores share a bin.

    Bins of equal mass bias the calibration error less than bins of equal width (Nixon 2019, arXiv:1904.01685; Roelofs
    2022, arXiv:2012.08668). There are `most` of them, and fewer where a bin would have fewer than 10 images.

    Args:
        scores: Probabilities, shape (n,), n > 0.
        most: The largest number of bins.

    Returns:
        Bin numbers from 0, rising with the score, shape (n,).

    Raises:
        DataError: A score is NaN or infinite.

    >>> equal_mass_bins([0.1] * 15 + [0.9] * 5).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    """
    values = require_finite(scores)
    bins = int(np.clip(len(values) // LEAST_IN_BIN, 1, most))
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
    numbers = np.searchsorted(edges, values, side="left")
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class Gaps:
    """The sums of probability minus truth, by bin and by patient.

    Attributes:
        sums: The sums, shape (bins, patients).
        images: The number of images of each patient, shape (patients,).
    """

    sums: Floats
    images: Floats

    @classmethod
    def of(cls, truth: npt.ArrayLike, probabilities: npt.ArrayLike, owners: Ints) -> Gaps:
        """Sum over the images once; every resample uses the same bins.

        Args:
            truth: Whether each image is of the class, shape (n,).
            probabilities: The probability of the class, shape (n,).
            owners: Each image's patient number, shape (n,).
        """
        bins = equal_mass_bins(probabilities)
        error = np.asarray(probabilities, dtype=np.float64) - np.asarray(truth, dtype=np.float64)
        return cls(sum_by_patient(error, owners, bins, int(bins.max()) + 1), sum_by_patient(1, owners)[0])

    def errors(self, counts: Floats) -> Floats:
        """Return the calibration error of each weighting of the patients.

        The error (ECE, Naeini 2015, AAAI 29:2901-2907) is the sum over bins of their share of the images times the gap
        between mean probability and observed share.

        Args:
            counts: How often each patient counts, shape (patients, b).

        Returns:
            Shape (b,), in 0..1.
        """
        total: Floats = np.abs(self.sums @ counts).sum(axis=0) / (self.images @ counts)
        return total
