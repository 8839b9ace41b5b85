"""Small pictures of many images in one JPEG, for a page that must stay small."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from chestnut.data.pixels import Grey
from chestnut.evaluation.arrays import Ints

#: The side of a picture in pixels, and for how many images there is room at that size; of more, some have none.
_SIDES = ((96, 1000), (72, 2000))
MOST_PICTURES = _SIDES[-1][1]

#: The most bytes of the JPEG, and its qualities from the best; a sheet of noise needs the last.
_MOST_BYTES = 3_000_000
_QUALITIES = (72, 55, 40, 25, 10)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures beside and below each other in one JPEG.

    Attributes:
        jpeg: The content of the file.
        side: The width and height of a picture in pixels.
        columns: The pictures in a row.
        rows: The images that have a picture, in the order of the sheet, shape (pictures,).
    """

    jpeg: bytes
    side: int
    columns: int
    rows: Ints


def choose_pictured(important: npt.NDArray[np.bool_], seed: int = 0, most: int = MOST_PICTURES) -> Ints:
    """Choose which images have a picture: all, or of many the important ones first and others at random.

    Args:
        important: Whether an image should rather have one, shape (n,).
        seed: The seed of the choice.
        most: The most pictures.

    >>> choose_pictured(np.array([False, True, False, True]), most=2).tolist()
    [1, 3]
    """
    order = np.random.default_rng(seed).permutation(len(important))
    order = order[np.argsort(~important[order], kind="stable")]
    return np.sort(order[:most]).astype(np.int64)


def make_sheet(pixels: Any, rows: Ints) -> Sheet:
    """Draw a sheet of pictures.

    Args:
        pixels: Grey values, array-like of shape (n, height, width), uint8.
        rows: The images to draw, at most `MOST_PICTURES`, shape (pictures,).
    """
    side = next(side for side, most in _SIDES if len(rows) <= most)
    columns = int(np.ceil(np.sqrt(len(rows))))
    sheet = np.zeros((-(-len(rows) // columns) * side, columns * side), np.uint8)
    for place, row in enumerate(rows.tolist()):
        top, left = side * (place // columns), side * (place % columns)
        sheet[top : top + side, left : left + side] = _shrink(np.asarray(pixels[row]), side)
    return Sheet(_encode(sheet), side, columns, rows)


def _shrink(image: Grey, side: int) -> Grey:
    """Fit an image into a square, in its own proportions, on black."""
    height, width = image.shape
    scale = side / max(height, width)
    tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
    rule = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.zeros((side, side), np.uint8)
    top, left = (side - tall) // 2, (side - wide) // 2
    square[top : top + tall, left : left + wide] = cv2.resize(image, (wide, tall), interpolation=rule)
    return square


def _encode(sheet: Grey) -> bytes:
    content = b""
    for quality in _QUALITIES:
        file = io.BytesIO()
        Image.fromarray(sheet).save(file, "JPEG", quality=quality, optimize=True)
        content = file.getvalue()
        if len(content) <= _MOST_BYTES:
            break
    return content
