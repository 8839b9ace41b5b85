"""Check the numbers that figures and decisions rest on: NaN compares as false with everything and would pass unseen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats

#: How far a row of probabilities may be from a sum of 1: loose enough for float16 outputs of many classes, tight enough
#: to catch logits and scores.
SUM_TOLERANCE = 1e-2


def require_finite(values: npt.ArrayLike, what: str = "scores") -> Floats:
    """Return values as float64.

    Args:
        values: Any shape.
        what: What the values are, for the message.

    Raises:
        DataError: One of them is NaN or infinite.

    >>> require_finite([0.5, float("nan")])
    Traceback (most recent call last):
    chestnut.errors.DataError: 1 of 2 scores are NaN or infinite; give finite numbers
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not (finite := np.isfinite(numbers)).all():
        raise DataError(f"{int((~finite).sum())} of {numbers.size} {what} are NaN or infinite; give finite numbers")
    return numbers


def require_probabilities(values: npt.ArrayLike) -> Floats:
    """Return probabilities as float64.

    Args:
        values: Any shape.

    Raises:
        DataError: One of them is NaN, infinite, or not in 0..1, but for the rounding of float16.
    """
    numbers = require_finite(values, "probabilities")
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= 1 + SUM_TOLERANCE):
        raise DataError(f"probabilities from {numbers.min():.4g} to {numbers.max():.4g}; give none outside 0 to 1")
    return numbers


def require_threshold(threshold: float) -> float:
    """Return a threshold.

    Raises:
        DataError: It is not a probability from 0 to 1.
    """
    if not 0 <= threshold <= 1:
        raise DataError(f"threshold={threshold:g}: give a probability from 0 to 1")
    return float(threshold)
