"""Choose what of an image a network sees: the whole of it or the box around its lungs, with a part made black or not.

`framed` does it for grey pixels, `frame` for a picture that can be decoded again at a finer size. Both give the same
for the same pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.decoding.intensity import standardise
from chestnut.data.decoding.resize import Placement, Whole, centred, place
from chestnut.data.pixels import Grey
from chestnut.lungfield.blank import blank_outside
from chestnut.lungfield.crop import crop_box
from chestnut.lungfield.find import find_lungs

#: The share of an image's height and width that a crop to the lungs is expected to have, at the least.
_EXPECTED = 0.6

_WHOLE = (0.0, 0.0, 1.0, 1.0)


class Framed(NamedTuple):
    """An image as a network sees it.

    Attributes:
        image: The grey values, uint8, shape (height, width) of the input.
        found: Whether the lungs were found; where they were not, the whole image is taken and nothing is made black.
            True if the input does not need them.
        placement: The part of the image that the network sees; None for what the resize rule says of a whole image.
    """

    image: Grey
    found: bool
    placement: Placement | None = None


def framed(grey: Grey, spec: InputSpec) -> Framed:
    """Turn a whole image into the input of a network.

    Args:
        grey: The grey values of the image, not standardised, uint8, shape (any height, any width).
        spec: The input.
    """
    picture = Image.fromarray(np.ascontiguousarray(grey))
    return frame(Whole(picture, picture.size), spec)


def least_ratio(size: tuple[int, int], spec: InputSpec) -> float:
    """Return how many pixels of an image of a size, (width, height), become one in the input, at the least expected."""
    if spec.resample != "area":
        return 1.0  # what other programs do, they do to all pixels
    expected = _EXPECTED if spec.frame == "lungs" else 1.0
    return expected * place(size, (spec.width, spec.height), spec.resize).ratio


def frame(whole: Whole, spec: InputSpec, decode_finer: Callable[[float], Whole] | None = None) -> Framed:
    """Find the lungs if the input needs them, crop, resize, standardise and make black what is not to be seen.

    Args:
        whole: The picture.
        spec: The input.
        decode_finer: Decodes the picture again such that so many pixels of its full size become one; called only where
            the crop turns out so small that `whole` has fewer pixels of it than the input. None if `whole` has all
            pixels there are.
    """
    target = (spec.width, spec.height)
    if not spec.needs_lungs:
        placement = place(whole.size, target, spec.resize)
        return Framed(standardise(_cut(whole, placement, spec), spec.intensity), True)
    lungs = find_lungs(np.asarray(whole.grey))
    shares = crop_box(lungs.shares, spec.margin) if lungs.found and spec.frame == "lungs" else _WHOLE
    placement = _place_part(whole.size, shares, spec)
    if decode_finer is not None and spec.resample == "area" and min(whole.scale) < min(1.0, 1 / placement.ratio):
        whole = decode_finer(placement.ratio)
    kept = _kept(lungs.hull, whole.size, placement, spec) if lungs.found and spec.blanks else None
    return Framed(standardise(_cut(whole, placement, spec), spec.intensity, kept), lungs.found, placement)


def _cut(whole: Whole, placement: Placement, spec: InputSpec) -> Grey:
    return np.asarray(centred(placement.cut(whole.grey, whole.scale, spec.resample), spec))


def _place_part(size: tuple[int, int], shares: tuple[float, float, float, float], spec: InputSpec) -> Placement:
    """Place a part of a picture, given in shares (top, left, bottom, right), by the resize rule."""
    (width, height), (top, left, bottom, right) = size, shares
    part = ((right - left) * width, (bottom - top) * height)
    return place(part, (spec.width, spec.height), spec.resize).moved(left * width, top * height)


def _kept(
    hull: npt.NDArray[np.float32], size: tuple[int, int], placement: Placement, spec: InputSpec
) -> npt.NDArray[np.bool_]:
    """Return which pixels of the input are to be seen, shape (height, width).

    Args:
        hull: The corners (x, y) of the hull around the lungs, in shares of the picture, shape (k, 2).
        size: The full size of the picture.
        placement: The part of the picture that the input shows.
        spec: The input.
    """
    left, top, right, bottom = placement.box
    target = np.array([spec.width, spec.height])
    shown = np.array(placement.size)
    inside = (hull * size - (left, top)) / (right - left, bottom - top)
    corners = (inside * shown + (target - shown) // 2) / target
    white = np.full((spec.height, spec.width), 255, np.uint8)
    within = blank_outside(white, corners.astype(np.float32)) > 0
    return within if spec.outside == "blank" else ~within
