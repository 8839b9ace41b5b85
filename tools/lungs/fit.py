"""Tell a true mask that does not fit its image from lungs that were found wrongly.

Some masks were drawn on another version of the image, with wider or narrower borders. Such a mask has the right shape,
but is smaller or larger than the lungs by the same factor in both directions, as no wrongly found outline is.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

#: The side at which masks are compared.
_SIDE = 96
#: The least change of size in both directions, and the least gain in Dice, of a mask that does not fit.
_SCALE, _GAIN = 0.07, 0.04
#: From where the search starts: the scale, and the shift downwards.
_STARTS = ((1.0, 0.0), (1.2, -0.1), (1.2, 0.1))


def misfits(true: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_]) -> bool:
    """Tell whether a true mask agrees with the found one much better once it is enlarged or shrunk as a whole."""
    from scipy.optimize import minimize

    mask, wanted = _shrink(true), _shrink(found) > 0.5

    def loss(place: npt.NDArray[Any]) -> float:
        return -_dice(_move(mask, place), wanted)

    starts = [np.array([scale, scale, 0.0, down]) for scale, down in _STARTS]
    tried = [
        minimize(loss, start, method="Nelder-Mead", options={"initial_simplex": _simplex(start), "maxiter": 150})
        for start in starts
    ]
    best = min(tried, key=lambda one: float(one.fun))
    wide, high = best.x[:2]
    scaled = min(wide, high) >= 1 + _SCALE or max(wide, high) <= 1 - _SCALE
    return bool(scaled and -best.fun - _dice(mask > 0.5, wanted) >= _GAIN)


def _simplex(start: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.vstack([start, start + 0.08 * np.eye(4)])


def _move(mask: npt.NDArray[np.float32], place: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Scale a mask about the image's centre, and shift it; `place` is (wide, high, right, down)."""
    wide, high, right, down = place
    middle = _SIDE / 2
    matrix = [[wide, 0, right * _SIDE + middle * (1 - wide)], [0, high, down * _SIDE + middle * (1 - high)]]
    moved = cv2.warpAffine(mask, np.array(matrix, dtype=np.float32), (_SIDE, _SIDE))
    return cast(npt.NDArray[np.bool_], moved > 0.5)


def _shrink(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    small = cv2.resize(mask.astype(np.float32), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def _dice(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))
