"""`Gaps`: the differences of predicted and observed shares in bins of probability, and the calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import require_finite
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.resamples import percentile_ends
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

    def errors(self, counts: Floats) -> tuple[Floats, Floats]:
        """Return the calibration error, and the distance of the gaps from those of the sample, which is chance alone.

        The error (ECE, Naeini 2015, AAAI 29:2901-2907) is the sum over bins of their share of the images times the gap
        between mean probability and observed share.

        Args:
            counts: How often each patient counts, shape (patients, b).

        Returns:
            Two arrays of shape (b,), in 0..1 and 0..2.
        """
        gaps = (self.sums @ counts) / (self.images @ counts)
        own = self.sums.sum(axis=1, keepdims=True) / self.images.sum()
        return np.abs(gaps).sum(axis=0), np.abs(gaps - own).sum(axis=0)


def error_estimate(value: float, samples: Floats, noise: Floats) -> Estimate:
    """Return the calibration error with its interval.

    Chance increases a sum of absolute gaps, and resampling increases it once more: a perfectly calibrated network has
    an error above 0, and the percentiles of its resamples are higher still. Therefore the upper end is mirrored about
    the value (the basic bootstrap: Davison and Hinkley 1997, Bootstrap Methods and their Application, section 5.2). The
    lower end is the value minus what chance alone reaches, because by the triangle inequality the error differs from
    the true one by no more than the distance between the gaps. In simulations (60 to 1000 images, two per patient)
    these intervals contained the true error 90 to 100 % of the time; with both ends mirrored it was 38 to 90 %.

    Args:
        value: The error of the sample.
        samples: The errors of all resamples, shape (draws,).
        noise: The distances of their gaps from those of the sample, shape (draws,).
    """
    mirrored = 2 * value - float(percentile_ends(samples[None])[0][0])
    reached = float(np.nanquantile(noise, CONFIDENCE))
    return Estimate(float(value), max(0.0, value - reached), max(float(value), mirrored), int(np.isnan(samples).sum()))
