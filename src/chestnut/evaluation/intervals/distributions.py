"""Quantiles and probabilities of the distributions that intervals are taken from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats


def beta_quantile(probability: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Return a quantile of beta distributions; where a parameter is 0, its limit: 0 for the first, 1 for the second.

    Args:
        probability: The probability below the quantile, one for all or one for each, in 0..1.
        first: The first parameters, 0 or more.
        second: The second parameters, 0 or more.

    >>> beta_quantile(0.025, [14, 0], [1, 15]).round(3).tolist()
    [0.768, 0.0]
    """
    from scipy import special

    a, b = np.broadcast_arrays(np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64))
    inside, below = (a > 0) & (b > 0), np.asarray(probability, dtype=np.float64)
    quantile = special.betaincinv(np.where(inside, a, 1), np.where(inside, b, 1), below)
    return np.where(inside, quantile, np.where(a > 0, 1.0, 0.0))


def t_quantile(probability: float, freedom: npt.ArrayLike) -> Floats:
    """Return a quantile of Student's distribution.

    Args:
        probability: The probability below the quantile, in 0..1.
        freedom: The degrees of freedom, above 0.
    """
    from scipy import special

    return np.asarray(special.stdtrit(np.asarray(freedom, dtype=np.float64), probability), dtype=np.float64)


def t_probability(value: npt.ArrayLike, freedom: npt.ArrayLike) -> Floats:
    """Return the probability that Student's distribution gives no more than a value.

    Args:
        value: The values.
        freedom: The degrees of freedom, above 0.
    """
    from scipy import special

    values, degrees = np.asarray(value, dtype=np.float64), np.asarray(freedom, dtype=np.float64)
    return np.asarray(special.stdtr(degrees, values), dtype=np.float64)


def normal_quantile(probability: npt.ArrayLike) -> Floats:
    """Return quantiles of the standard normal distribution.

    Args:
        probability: The probabilities below the quantiles, in 0..1.
    """
    from scipy import special

    return np.asarray(special.ndtri(np.asarray(probability, dtype=np.float64)), dtype=np.float64)


def gamma_quantile(probability: float, shape: npt.ArrayLike) -> Floats:
    """Return a quantile of gamma distributions of scale 1; 0 where the shape is 0.

    Args:
        probability: The probability below the quantile, in 0..1.
        shape: The shapes, 0 or more.
    """
    from scipy import special

    shapes = np.asarray(shape, dtype=np.float64)
    quantile = special.gammaincinv(np.where(shapes > 0, shapes, 1), probability)
    return np.where(shapes > 0, quantile, 0.0)
