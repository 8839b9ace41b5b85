"""Describe the lungs of one image: outline, box, and whether they can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.lungfield.geometry import measure

Mask = npt.NDArray[np.bool_]


class Box(NamedTuple):
    """A rectangle in an image, as shares of its height and width from 0 to 1."""

    top: float
    left: float
    bottom: float
    right: float


#: The box of a whole image.
WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Lungs:
    """The lungs of one image. Places are shares of the image, so that they fit a copy of any size.

    Attributes:
        size: The height and width of the image in pixels.
        found: Whether two plausible lungs were found. If not, the box and the hull are those of the whole image.
        reason: Why no two lungs were found, as a clause such as "one lung only"; empty if they were.
        confidence: How sure the network is of two lungs and their outlines, 0..1.
        shares: The box around both lungs, as shares of the image's height and width.
        hull: The convex hull around both lungs, (x, y) in shares, float32, shape (corners, 2).
        fields: The probability of each lung in a coarse grid over the image, float32, shape (2, rows, columns): first
            the lung at the left of the picture, then the lung at its right.
    """

    size: tuple[int, int]
    found: bool
    reason: str
    confidence: float
    shares: Box
    hull: npt.NDArray[np.float32] = field(repr=False)
    fields: npt.NDArray[np.float32] = field(repr=False)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The box around both lungs in pixels: top, left, and bottom and right, which lie just outside."""
        height, width = self.size
        top, left, bottom, right = self.shares
        return (
            math.floor(top * height),
            math.floor(left * width),
            math.ceil(bottom * height),
            math.ceil(right * width),
        )

    @property
    def left(self) -> Mask:
        """The patient's left lung, at the right of the usual frontal picture, bool, shape `size`."""
        return self._mask(1)

    @property
    def right(self) -> Mask:
        """The patient's right lung, at the left of the usual frontal picture, bool, shape `size`."""
        return self._mask(0)

    @property
    def mask(self) -> Mask:
        """Both lungs, or what was found of them, bool, shape `size`."""
        return self.left | self.right

    @property
    def geometry(self) -> dict[str, float]:
        """Figures of the lungs by name, in the order of `GEOMETRY`; NaN where a lung is missing."""
        return measure(self.fields, self.size)

    def _mask(self, side: int) -> Mask:
        height, width = self.size
        drawn = cv2.resize(self.fields[side], (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
        top, left, bottom, right = self.box
        mask = np.zeros(self.size, dtype=np.bool_)
        mask[top:bottom, left:right] = drawn[top:bottom, left:right]
        return mask
