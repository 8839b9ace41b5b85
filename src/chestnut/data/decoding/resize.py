"""Resize a picture of any size to the input size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import cv2
import numpy as np
from PIL import Image

from chestnut.config import InputSpec
from chestnut.config.inputs import Resample

_SHRINK, _ENLARGE = Image.Resampling.HAMMING, Image.Resampling.BILINEAR

#: The rules that are Pillow's own, which widens its filter by the factor of shrinking, but for the nearest pixel.
_PILLOW: dict[Resample, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}

Box = tuple[float, float, float, float]


class Whole(NamedTuple):
    """A whole upright picture, perhaps decoded at less than its full size.

    Attributes:
        grey: The picture, of mode L.
        size: Its full size, (width, height) in pixels.
    """

    grey: Image.Image
    size: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """The pixels of `grey` per pixel of the full size, along x and y."""
        return self.grey.width / self.size[0], self.grey.height / self.size[1]


@dataclass(frozen=True)
class Placement:
    """The part of a picture that is used, and its size in the result.

    Attributes:
        box: The part as (left, top, right, bottom), in pixels of the picture.
        size: The size of the part in the result, (width, height) in pixels.
    """

    box: Box
    size: tuple[int, int]

    @property
    def ratio(self) -> float:
        """The pixels of the picture per pixel of the result, along the axis with the smaller ratio."""
        left, top, right, bottom = self.box
        return min((right - left) / self.size[0], (bottom - top) / self.size[1])

    def moved(self, left: float, top: float) -> Placement:
        """Return the placement of the same part of a larger picture, in which this picture begins at (left, top)."""
        x0, y0, x1, y1 = self.box
        return replace(self, box=(x0 + left, y0 + top, x1 + left, y1 + top))

    def cut(
        self, grey: Image.Image, scale: tuple[float, float] = (1.0, 1.0), resample: Resample = "area"
    ) -> Image.Image:
        """Cut the part out of a picture of mode L and resample it.

        Args:
            grey: The picture, or a smaller version of it.
            scale: The pixels of `grey` per pixel of the picture, along x and y.
            resample: How.
        """
        x, y = scale
        left, top, right, bottom = self.box
        box = (left * x, top * y, min(right * x, grey.width), min(bottom * y, grey.height))
        if resample == "area":
            return _resample(grey, box, self.size)
        if resample == "linear":
            return _interpolate(grey, box, self.size)
        return grey.resize(self.size, _PILLOW[resample], box)


def place(source: tuple[float, float], target: tuple[int, int], rule: Literal["stretch", "fit", "crop"]) -> Placement:
    """Decide how a picture of size `source` fills one of size `target`, both (width, height).

    A part of a larger picture may have a size that is no whole number.

    >>> place((400, 200), (100, 100), "fit").size
    (100, 50)
    >>> place((400, 200), (100, 100), "crop").box
    (100.0, 0.0, 300.0, 200.0)
    """
    width, height = source
    across, down = target[0] / width, target[1] / height
    if rule == "fit":
        scale = min(across, down)
        return Placement((0.0, 0.0, width, height), (max(1, round(width * scale)), max(1, round(height * scale))))
    if rule == "crop":
        scale = max(across, down)
        left, top = max(0.0, (width - target[0] / scale) / 2), max(0.0, (height - target[1] / scale) / 2)
        return Placement((left, top, width - left, height - top), target)
    return Placement((0.0, 0.0, width, height), target)


def centred(part: Image.Image, spec: InputSpec) -> Image.Image:
    """Return a picture of the input size with the part in the middle and black around it."""
    if part.size == (spec.width, spec.height):
        return part
    whole = Image.new("L", (spec.width, spec.height))
    whole.paste(part, ((spec.width - part.width) // 2, (spec.height - part.height) // 2))
    return whole


def _resample(grey: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resize a part, with antialiasing along an axis that shrinks and bilinearly along one that grows.

    Pillow widens its filter by the factor of shrinking. The Hamming filter comes closest to the mean over each pixel's
    area at every factor, even just above 1, where the box filter drops or doubles rows.
    """
    width, height = box[2] - box[0], box[3] - box[1]
    if size[0] >= width and size[1] >= height:
        return grey.resize(size, _ENLARGE, box)
    # Shrink first, so that no step creates more pixels than there were
    shrunk = (min(size[0], max(1, round(width))), min(size[1], max(1, round(height))))
    part = grey.resize(shrunk, _SHRINK, box)
    return part if shrunk == size else part.resize(size, _ENLARGE)


def _interpolate(grey: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resize a part by what lies around the middle of each new pixel, however much is skipped between."""
    left, top, right, bottom = (round(side) for side in box)
    part = np.asarray(grey)[top : max(bottom, top + 1), left : max(right, left + 1)]
    return Image.fromarray(np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)))
