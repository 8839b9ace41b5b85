"""The probabilities that follow from logits."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats


def probabilities(logits: npt.ArrayLike, temperature: float = 1.0) -> Floats:
    """Turn logits into probabilities, shape (n, classes), with rows that sum to 1.

    Args:
        logits: Shape (n, classes), or (n, 1) from a sigmoid head.
        temperature: Divides the logits; above 1 it makes predictions less confident (Guo 2017, arXiv:1706.04599).

    Raises:
        DataError: The temperature is not a finite number above 0.

    >>> probabilities([[0.0], [np.log(3)]])
    array([[0.5 , 0.5 ],
           [0.25, 0.75]])
    """
    if not 0 < temperature < math.inf:
        raise DataError(f"temperature={temperature:g}: give a finite number above 0; 1 leaves logits as they are")
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    if scaled.shape[1] == 1:
        scaled = np.concatenate([np.zeros_like(scaled), scaled], axis=1)
    return _softmax(scaled)


def change_temperature(probabilities: npt.ArrayLike, before: float, after: float) -> Floats:
    """Return probabilities at one temperature as they are at another.

    Args:
        probabilities: Shape (n, classes), each row summing to 1.
        before: The temperature that they belong to, above 0.
        after: The new temperature, above 0.

    >>> change_temperature([[0.1, 0.9]], 1.0, 2.0).round(3)
    array([[0.25, 0.75]])
    """
    values: Floats = np.asarray(probabilities, dtype=np.float64)
    if before == after:
        return values
    least = np.finfo(np.float64).tiny  # a probability that was rounded to 0 stays next to it
    return _softmax(np.log(np.maximum(values, least)) * before / after)


def _softmax(scores: Floats) -> Floats:
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = exponents / exponents.sum(axis=1, keepdims=True)
    return result
