"""How alike two maps are: by the order of their values, and by the structure that one sees."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.evaluation.ranking_metrics import midranks

Floats = npt.NDArray[np.floating]

#: The window and the constants of Wang et al. 2004.
_SIGMA, _RADIUS, _K1, _K2 = 1.5, 5, 0.01, 0.03


def rank_correlation(one: Floats, other: Floats) -> float:
    """Return Spearman's rank correlation of the values of two maps, in -1..1; 0 if one of them is constant.

    Args:
        one: Values, shape (height, width).
        other: Values of the same shape.

    >>> rank_correlation(np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([[0.0, 5.0], [6.0, 7.0]]))
    1.0
    """
    return correlate_ranks(scaled_ranks(one), scaled_ranks(other))


def scaled_ranks(values: Floats) -> npt.NDArray[np.float64]:
    """Return the ranks of the values of a map, less their mean and scaled to length 1; zeros for a constant map.

    Args:
        values: Shape (height, width).

    Returns:
        Shape (height · width,).
    """
    ranks = midranks(np.asarray(values, dtype=np.float64).ravel())
    ranks -= ranks.mean()
    length = float(np.sqrt(ranks @ ranks))
    return ranks / length if length else ranks


def correlate_ranks(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Return the rank correlation of two maps from their `scaled_ranks`."""
    return round(float(one @ other), 12)


def structural_similarity(one: Floats, other: Floats) -> float:
    """Return the structural similarity of what speaks for the class in two maps, each as a share of its maximum.

    It is the mean of Wang et al. 2004 (IEEE Transactions on Image Processing 13:600-612) over all places where the
    Gaussian window of 11 by 11 pixels lies inside the maps.

    Args:
        one: Values, shape (height, width), each side 11 or more; negative ones count as 0.
        other: Values of the same shape.

    Returns:
        A number in -1..1; 1 for equal maps.

    >>> image = np.random.default_rng(0).random((32, 32))
    >>> structural_similarity(image, 3 * image)
    1.0
    """
    x, y = (_as_shares(values) for values in (one, other))
    mean_x, mean_y = _smooth(x), _smooth(y)
    variances = _smooth(x * x) - mean_x**2 + _smooth(y * y) - mean_y**2
    covariance = _smooth(x * y) - mean_x * mean_y
    c1, c2 = _K1**2, _K2**2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (variances + c2)
    inner = (above / below)[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    return round(float(inner.mean()), 12)


def _as_shares(values: Floats) -> npt.NDArray[np.float64]:
    positive = np.maximum(np.asarray(values, dtype=np.float64), 0)
    largest = float(positive.max())
    return positive / largest if largest else positive


def _smooth(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    side = 2 * _RADIUS + 1
    return np.asarray(cv2.GaussianBlur(values, (side, side), _SIGMA), dtype=np.float64)
