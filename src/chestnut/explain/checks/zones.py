"""Regions of an image as a network sees it: lungs, border, what lies outside the body, and lesions of a mask file."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.explain.picture import Picture
from chestnut.lungfield.find import find_lungs

Mask = npt.NDArray[np.bool_]

#: The width of the border as a share of the side: there, a frontal view shows no lung. It is that of the audit's probe.
BORDER = 2 / 24

#: What is darker than this share of the brightest, after smoothing, and connected with the edge is outside the body.
_DARK = 0.1

#: The longer side in pixels at which the body is looked for, and the width of the smoothing there.
_SIDE, _SMOOTHING = 256, 2.0


class Regions(NamedTuple):
    """Regions of an image as a network sees it, each bool of the shape (height, width) of its input.

    Attributes:
        lungs: Both lungs.
        border: The outermost part of the input; see `BORDER`.
        outside: What is certainly not the body: dark parts connected with the edge, and what fills the input up.
    """

    lungs: Mask
    border: Mask
    outside: Mask


#: The names of the regions, in the order of tables, with what they are called there.
PLACES = {"lungs": "inside the lungs", "border": "in the border", "outside": "outside the body"}


def find_regions(picture: Picture) -> Regions | None:
    """Find the regions of an image; None where no two lungs are found.

    Args:
        picture: The whole image, and the part of it that the network sees.

    Raises:
        ModelFileError: The network that finds the lungs is missing or has changed.
    """
    lungs = find_lungs(picture.grey)
    if not lungs.found:
        return None
    body = ~find_outside(picture.grey)
    return Regions(lay_mask(lungs.mask, picture), border_of(picture.input[::-1]), ~lay_mask(body, picture))


def find_outside(grey: Grey) -> Mask:
    """Find what is certainly outside the body: what is dark, and connected with the edge of the image.

    Args:
        grey: A whole image, bright where it absorbs, uint8, shape (height, width).

    Returns:
        Which pixels are outside, of the same shape. What is bright outside the body, such as a letter, is not found.
    """
    height, width = grey.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    smooth = cv2.GaussianBlur(small, (0, 0), _SMOOTHING)
    dark = smooth < _DARK * np.percentile(smooth, 99)
    _, parts = cv2.connectedComponents(dark.astype(np.uint8))
    edge = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    found = np.isin(parts, edge[edge > 0]).astype(np.uint8)
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def border_of(shape: tuple[int, ...]) -> Mask:
    """Return which pixels belong to the border of an image.

    >>> border_of((24, 24)).sum().item()
    176
    """
    height, width = shape
    down, across = max(1, round(height * BORDER)), max(1, round(width * BORDER))
    border = np.ones((height, width), dtype=np.bool_)
    border[down : height - down, across : width - across] = False
    return border


def lay_mask(mask: Mask, picture: Picture) -> Mask:
    """Lay a mask of a whole image over what a network sees of it.

    Args:
        mask: Which pixels of the whole image belong to something, of the proportions of the image and any size.
        picture: The image, and the part of it that the network sees.

    Returns:
        Which pixels of the input belong to it, shape (height, width) of the input; false where the input is filled up.
    """
    wide, tall = picture.input
    part = picture.placement
    x0, y0, x1, y1 = part.box
    full = picture.size
    pixels = (part.size[0] / (x1 - x0), part.size[1] / (y1 - y0))  # of the input per pixel of the image
    # An antialiased copy with at most one pixel for each of the input, so that no thin part is skipped
    target = tuple(max(1, min(mask.shape[1 - axis], round(full[axis] * pixels[axis]))) for axis in (0, 1))
    soft = cv2.resize(mask.astype(np.float32), target, interpolation=cv2.INTER_AREA)
    left, top = (wide - part.size[0]) // 2, (tall - part.size[1]) // 2
    columns = (np.arange(wide) - left + 0.5) / pixels[0] + x0
    rows = (np.arange(tall) - top + 0.5) / pixels[1] + y0
    across = np.tile((columns * target[0] / full[0] - 0.5).astype(np.float32), (tall, 1))
    down = np.tile((rows * target[1] / full[1] - 0.5).astype(np.float32)[:, np.newaxis], (1, wide))
    drawn = cv2.remap(soft, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = ((rows > 0) & (rows < full[1]))[:, np.newaxis] & ((columns > 0) & (columns < full[0]))
    filled = np.zeros((tall, wide), dtype=np.bool_)
    filled[top : top + part.size[1], left : left + part.size[0]] = True
    return np.asarray((drawn >= 0.5) & inside & filled)
