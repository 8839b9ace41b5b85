"""Intervals of a share: Wilson's, for independent trials."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.estimate import CONFIDENCE

# The share of hits may be a quotient that was multiplied again.
_ROUNDING = 1e-9


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
