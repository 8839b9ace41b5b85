"""`DeLong`: the test whether two AUROCs on the same images differ, for independent images.

Images of one patient are not independent, and then the variance is too small. The bootstrap over patients in
`comparison` is what decides; this test is given beside it because reviewers know it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.checks import require_finite


@dataclass(frozen=True)
class DeLong:
    """Two AUROCs on the same images.

    Attributes:
        first: The AUROC of the first scores, in 0..1.
        second: The AUROC of the second scores.
        variance: The variance of their difference; 0 where both rank all images alike.
        p: The two-sided probability of so large a difference if both were equal, in 0..1.
    """

    first: float
    second: float
    variance: float
    p: float


def delong(truth: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> DeLong:
    """Test whether two scores have the same AUROC (DeLong 1988, Biometrics 44:837-845).

    The structural components come from midranks in O(n log n) (Sun and Xu 2014, IEEE SPL 21(11):1389-1393).

    Args:
        truth: Whether each image is of the positive class, shape (n,).
        first: The first scores, higher for the positive class, shape (n,).
        second: The second scores of the same images.

    Raises:
        DataError: There are fewer than two images of either class, shapes differ, or a score is NaN or infinite.

    >>> result = delong([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.2, 0.6, 0.9, 0.8], [0.1, 0.7, 0.2, 0.6, 0.9, 0.8])
    >>> round(result.first, 3), round(result.second, 3)
    (1.0, 0.889)
    """
    of_class = np.asarray(truth, dtype=bool)
    scores = np.stack([require_finite(first), require_finite(second)])
    if scores.shape[1:] != of_class.shape:
        raise DataError(f"scores of shape {scores.shape[1:]} for truth {of_class.shape}; give one score for each image")
    positives, negatives = int(of_class.sum()), int((~of_class).sum())
    if min(positives, negatives) < 2:
        raise DataError(f"{positives} positive and {negatives} negative images; DeLong's test needs two of each")
    ranks = np.stack([midranks(row) for row in scores])
    above = (ranks[:, of_class] - np.stack([midranks(row) for row in scores[:, of_class]])) / negatives
    below = 1 - (ranks[:, ~of_class] - np.stack([midranks(row) for row in scores[:, ~of_class]])) / positives
    areas = above.mean(axis=1)
    variance = np.diff(above, axis=0).var(ddof=1) / positives + np.diff(below, axis=0).var(ddof=1) / negatives
    return DeLong(float(areas[0]), float(areas[1]), float(variance), _p(float(areas[0] - areas[1]), float(variance)))


def _p(difference: float, variance: float) -> float:
    if variance <= 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(abs(difference) / math.sqrt(2 * variance))


def midranks(values: Floats) -> Floats:
    """Return ranks from 1, where equal values share the mean of their ranks, shape (n,).

    >>> midranks(np.array([0.5, 0.1, 0.5])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    shared: Floats = (last - (counts - 1) / 2)[place]
    return shared
