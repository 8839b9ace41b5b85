"""What one image takes over from another: where the lungs lie, the grey values, the fine detail, or all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chestnut.lungfield.lungs import Box
from chestnut.robustness.exchange.fine_detail import fine_amplitudes, match_fine_detail
from chestnut.robustness.scanner_styles import Grey, match_histogram


@dataclass(frozen=True, eq=False)
class Sitter:
    """An image, and where its lungs are.

    Attributes:
        image: Grey values, uint8, shape (height, width).
        box: The box around its lungs.
    """

    image: Grey
    box: Box


@dataclass(frozen=True)
class Condition:
    """One thing that an image takes over from another.

    Attributes:
        name: The name of the condition.
        summary: What is taken over, in a few words.
        change: The function that takes an image and the donor, and returns the changed image, of the same size.
    """

    name: str
    summary: str
    change: Callable[[Sitter, Sitter], Grey]


def move_lungs(image: Grey, box: Box, target: Box) -> Grey:
    """Move and scale an image so that a box in it comes to lie where another box is.

    Height and width are scaled independently. Where the image ends, the picture goes on with the pixels of its edge.

    Args:
        image: Grey values, uint8, shape (height, width).
        box: The box that moves.
        target: Where it moves to.

    >>> image = np.repeat(np.arange(40, dtype=np.uint8)[None], 40, axis=0)
    >>> move_lungs(image, Box(0.25, 0.25, 0.75, 0.75), Box(0.25, 0.5, 0.75, 1.0))[0, [15, 25, 35]].tolist()
    [5, 15, 25]
    """
    import cv2

    height, width = image.shape
    (down, y), (across, x) = (
        _line(box[side], box[side + 2], target[side], target[side + 2], length)
        for side, length in ((0, height), (1, width))
    )
    matrix = np.array([[across, 0, x], [0, down, y]])
    moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


def _line(low: float, high: float, to_low: float, to_high: float, length: int) -> tuple[float, float]:
    """Return slope and intercept that map one range onto another, from the number of a pixel to the number of a pixel.

    The ranges are in shares of the image's length, whose first pixel lies between 0 and 1/length with its middle in
    between.
    """
    slope = (to_high - to_low) / (high - low)
    return slope, length * (to_low - slope * low) + slope / 2 - 0.5


def _move(image: Sitter, donor: Sitter) -> Grey:
    return move_lungs(image.image, image.box, donor.box)


def _match_greys(image: Sitter, donor: Sitter) -> Grey:
    return match_histogram(image.image, donor.image)


def _match_detail(image: Sitter, donor: Sitter) -> Grey:
    return match_fine_detail(image.image, fine_amplitudes(donor.image))


def _match_all(image: Sitter, donor: Sitter) -> Grey:
    """Exchange the grey values last: moving and sharpening an image change them."""
    moved = _move(image, donor)
    return match_histogram(match_fine_detail(moved, fine_amplitudes(donor.image)), donor.image)


#: The conditions by name, in the order of the results.
CONDITIONS = {
    one.name: one
    for one in (
        Condition("framing", "the box around the lungs lies where the other image has it", _move),
        Condition("greys", "the grey values have the histogram of the other image", _match_greys),
        Condition("style", "fine detail is as strong as in the other image", _match_detail),
        Condition("all", "all three at once", _match_all),
    )
}
