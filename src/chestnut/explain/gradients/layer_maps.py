"""Maps from what the last convolution of a network saw, and from the gradients of a score there.

All arrays have the shape (n, rows, columns, channels), and the maps (n, rows, columns). Values that are in logits are
multiplied by the number of places, so that their mean over the places is their part in the score, as it is for a class
activation map; where the network averages the maps and a linear layer follows, `gradcam` before its cut and `hirescam`
are that map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from chestnut.explain.methods import Method

Values = npt.NDArray[np.float32]


def weigh_by_mean(maps: Values, gradients: Values) -> Values:
    """Compute Grad-CAM: channels weighted by the mean of their gradients; only what is positive (Selvaraju 2017).

    >>> ones = np.ones((1, 2, 2, 1), np.float32)
    >>> weigh_by_mean(3 * ones, 0.5 * ones)[0].tolist()  # 4 places, each 0.5 · 3
    [[6.0, 6.0], [6.0, 6.0]]
    """
    weights = gradients.mean(axis=(1, 2), keepdims=True)
    return np.asarray(np.maximum((weights * maps).sum(axis=3), 0) * _places(maps), np.float32)


def weigh_by_place(maps: Values, gradients: Values) -> Values:
    """Compute HiResCAM: each value times its own gradient (Draelos and Carin 2020, arXiv:2011.08891)."""
    return np.asarray((gradients * maps).sum(axis=3) * _places(maps), np.float32)


def weigh_positive(maps: Values, gradients: Values) -> Values:
    """Compute LayerCAM: each value times its gradient where that is positive (Jiang et al. 2021, TIP 30:5875)."""
    return np.asarray(np.maximum((np.maximum(gradients, 0) * maps).sum(axis=3), 0) * _places(maps), np.float32)


def weigh_plus_plus(maps: Values, gradients: Values) -> Values:
    """Compute Grad-CAM++: channels weighted by their positive gradients (Chattopadhay et al. 2018, arXiv:1710.11063).

    The formula is that for the exponential of the score, whose second and third derivatives are powers of the first.
    """
    # Powers of gradients of 1e-5 would vanish in float32; a common factor of an image changes no map but by that factor
    largest = np.abs(gradients).max(axis=(1, 2, 3), keepdims=True)
    steep = np.divide(gradients, largest, out=np.zeros_like(gradients), where=largest > 0).astype(np.float64)
    squares = steep**2
    total = 2 * squares + maps.sum(axis=(1, 2), keepdims=True, dtype=np.float64) * largest * steep**3
    shares = np.divide(squares, total, out=np.zeros_like(total), where=total != 0)
    weights = (shares * np.maximum(gradients, 0)).sum(axis=(1, 2), keepdims=True)
    return np.asarray(np.maximum((weights * maps).sum(axis=3), 0), np.float32)


def find_common_part(maps: Values, gradients: Values) -> Values:
    """Compute Eigen-CAM: the projection on the first principal direction of the channels (Muhammad and Yeasin 2020).

    It does not depend on the class. The sign, which is arbitrary, is the one whose sum over the places is positive.
    """
    found = np.empty(maps.shape[:3], np.float32)
    for number, image in enumerate(maps):
        flat = image.reshape(-1, image.shape[-1]).astype(np.float64)
        # Whichever of the two products is smaller gives the same, far quicker than a decomposition of the whole
        if len(flat) < flat.shape[1]:
            sizes, places = np.linalg.eigh(flat @ flat.T)
            along = np.sqrt(max(sizes[-1], 0.0)) * places[:, -1]
        else:
            _, directions = np.linalg.eigh(flat.T @ flat)
            along = flat @ directions[:, -1]
        found[number] = (along if along.sum() >= 0 else -along).reshape(image.shape[:2])
    return np.maximum(found, 0)


def are_even(gradients: Values) -> npt.NDArray[np.bool_]:
    """Tell for each image whether the gradients of each channel are the same at all places, shape (n,).

    The score then depends on the averages of the channels alone. As far as what follows is linear, or consists of ReLUs
    that stay as they are, HiResCAM is the class activation map, and the mean of its cells plus a constant is the score.
    """
    spread = np.ptp(gradients, axis=(1, 2)).max(axis=1)
    return np.asarray(spread <= 1e-5 * np.abs(gradients).max(axis=(1, 2, 3)))


#: How each method makes maps from values and gradients.
RULES: Final[dict[Method, Callable[[Values, Values], Values]]] = {
    "gradcam": weigh_by_mean,
    "gradcam++": weigh_plus_plus,
    "hirescam": weigh_by_place,
    "layercam": weigh_positive,
    "eigencam": find_common_part,
}


def _places(maps: Values) -> int:
    _, rows, columns, _ = maps.shape
    return int(rows * columns)
