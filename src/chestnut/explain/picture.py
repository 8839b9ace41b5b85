"""`Picture`: a whole image to look at, and where in it lies what a network sees."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import render, render_whole
from chestnut.data.decoding.frame import Framed
from chestnut.data.decoding.raw import Raw
from chestnut.data.decoding.resize import Placement, place
from chestnut.data.pixels import Grey

#: The most pixels of the longer side of a picture.
SIDE = 1024


class Picture(NamedTuple):
    """A whole image in its own proportions.

    Attributes:
        grey: Its grey values, uint8, shape (height, width), at most `SIDE` pixels a side.
        size: The full size of the image, (width, height) in pixels.
        placement: The part of it that the network sees, in pixels of the full size.
        input: The width and height of the network's input.
    """

    grey: Grey
    size: tuple[int, int]
    placement: Placement
    input: tuple[int, int]

    def laid(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Lay a map over the picture.

        Args:
            values: One value for each pixel of the network's input, float32, shape (height, width).

        Returns:
            One value for each pixel of the picture; NaN where the network does not see it.
        """
        height, width = self.grey.shape
        part = self.placement
        tall, wide = values.shape
        left, top = (wide - part.size[0]) // 2, (tall - part.size[1]) // 2
        inner = np.ascontiguousarray(values[top : top + part.size[1], left : left + part.size[0]])
        x0, y0, x1, y1 = part.box
        x, y = width / self.size[0], height / self.size[1]
        # The middle of each pixel of the picture, as a place in the part
        columns = ((np.arange(width) + 0.5) / x - x0) / (x1 - x0)
        rows = ((np.arange(height) + 0.5) / y - y0) / (y1 - y0)
        across = np.tile((columns * inner.shape[1] - 0.5).astype(np.float32), (height, 1))
        down = np.tile((rows * inner.shape[0] - 0.5).astype(np.float32)[:, np.newaxis], (1, width))
        drawn = cv2.remap(inner, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = ((rows >= 0) & (rows <= 1))[:, np.newaxis] & ((columns >= 0) & (columns <= 1))
        return np.where(seen, drawn, np.float32(np.nan))


def view_picture(raw: Raw, spec: InputSpec, side: int = SIDE) -> tuple[Framed, Picture]:
    """Decode an image as a network sees it, and as a picture; call it inside `decode.quiet`.

    Args:
        raw: The image.
        spec: The network's input.
        side: The most pixels of the longer side of the picture.

    Raises:
        ImageError: As `decode.decode`.
    """
    framed = render(raw, spec)
    grey, size = render_whole(raw, side)
    placement = framed.placement or place(size, (spec.width, spec.height), spec.resize)
    return framed, Picture(grey, size, placement, (spec.width, spec.height))
