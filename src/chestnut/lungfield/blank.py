"""Blank what lies outside or inside the lungs' hull."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]


def blank_outside(grey: Grey, hull: npt.NDArray[np.floating]) -> Grey:
    """Return an image that is black outside a polygon.

    Args:
        grey: Grey values 0..255, shape (height, width).
        hull: The corners (x, y) as shares of the image's width and height, shape (corners, 2); they may lie outside.
    """
    return np.where(_inside(grey, hull), grey, np.uint8(0))


def blank_inside(grey: Grey, hull: npt.NDArray[np.floating]) -> Grey:
    """Return an image that is black inside a polygon; the arguments are those of `blank_outside`."""
    return np.where(_inside(grey, hull), np.uint8(0), grey)


def _inside(grey: Grey, hull: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    height, width = grey.shape
    shift = 6  # corners are given in 1/64 of a pixel
    corners = (np.asarray(hull, dtype=np.float64) * (width, height) - 0.5) * (1 << shift)
    drawn = np.zeros(grey.shape, dtype=np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(corners).astype(np.int32), 1, cv2.LINE_8, shift)
    return drawn > 0
