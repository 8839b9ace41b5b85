"""Move and scale an image so that its lungs come to lie where those of another image are."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

#: A box such as `Lungs.shares`: top, left, bottom and right in shares of the image's height and width.
Corners = tuple[float, float, float, float]

Fill = Literal["constant", "nearest", "reflect"]


def move_lungs(image: Grey, box: Corners, target: Corners, fill: Fill = "nearest") -> Grey:
    """Move and scale an image so that a box in it comes to lie where another box is.

    Height and width are scaled independently.

    Args:
        image: Grey values, uint8, shape (height, width).
        box: The box that moves, whose sides are above 0.
        target: Where it moves to.
        fill: What continues the image beyond its edge: black, the pixels of the edge, or a mirror image.

    >>> image = np.repeat(np.arange(40, dtype=np.uint8)[None], 40, axis=0)
    >>> move_lungs(image, (0.25, 0.25, 0.75, 0.75), (0.25, 0.5, 0.75, 1.0))[0, [15, 25, 35]].tolist()
    [5, 15, 25]
    """
    import cv2

    borders = {"constant": cv2.BORDER_CONSTANT, "nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}
    height, width = image.shape
    (down, y), (across, x) = (
        _line(box[side], box[side + 2], target[side], target[side + 2], length)
        for side, length in ((0, height), (1, width))
    )
    matrix = np.array([[across, 0, x], [0, down, y]])
    moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=borders[fill])
    return np.asarray(moved, dtype=np.uint8)


def _line(low: float, high: float, to_low: float, to_high: float, length: int) -> tuple[float, float]:
    """Return slope and intercept of the map of one range to another, both in shares of a length, for pixel numbers.

    The middle of pixel i lies at (i + 0.5) / length.
    """
    slope = (to_high - to_low) / (high - low)
    return slope, length * (to_low - slope * low) + slope / 2 - 0.5
