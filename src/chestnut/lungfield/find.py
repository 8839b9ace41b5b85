"""Find the lungs in chest images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.lungfield.geometry import refine
from chestnut.lungfield.lungs import WHOLE, Box, Lungs
from chestnut.lungfield.network import run
from chestnut.lungfield.plausible import doubt
from chestnut.progress import Tick

_Field = npt.NDArray[np.float32]


class Images(Protocol):
    """Grey images, in memory or read from disk one by one."""

    def __len__(self) -> int:
        """Return the number of images."""

    def __getitem__(self, row: int, /) -> Any:
        """Return one image, uint8, shape (height, width)."""


def find_lungs(grey: npt.NDArray[np.uint8]) -> Lungs:
    """Find the lungs in one image.

    Args:
        grey: Grey values 0..255, uint8, shape (height, width); the image may be inverted, and of any size and aspect.

    Returns:
        The lungs. Where there are no two plausible ones, `found` is false, and the box is the whole image.

    Raises:
        DataError: The array is not a grey image of 8 bits.
        ModelFileError: The network that comes with chestnut is missing or has changed.
    """
    if not isinstance(grey, np.ndarray) or grey.dtype != np.uint8 or grey.ndim != 2 or not grey.size:
        raise DataError(f"{_describe(grey)}: give grey values from 0 to 255, uint8, of shape (height, width)")
    fields, presence = run(grey)
    fields = np.stack([_largest_part(field) for field in fields])
    certainty = min(_certainty(field) for field in fields)
    confidence = presence * certainty
    reason = doubt(fields, presence, confidence)
    size = (grey.shape[0], grey.shape[1])
    if reason:
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
        return Lungs(size, False, reason, confidence, WHOLE, corners, fields)
    both = refine(fields[0]) | refine(fields[1])
    return Lungs(size, True, "", confidence, _surround(both), _hull(both), fields)


def find_many(images: Images, progress: Tick | None = None) -> list[Lungs]:
    """Find the lungs in many images; each result is that of `find_lungs`.

    Args:
        images: Grey images, each uint8 of shape (height, width), or an array of shape (n, height, width).
        progress: Receives the images done and their number, now and then.

    Raises:
        DataError: An array is not a grey image of 8 bits.
        ModelFileError: The network that comes with chestnut is missing or has changed.
    """
    return list(_find_each(images, progress))


def find_boxes(images: Images, progress: Tick | None = None) -> npt.NDArray[np.float64]:
    """Find the box around the lungs in many images, of which one at a time is in memory.

    Args:
        images: Grey images; `images[row]` is one of them, uint8, shape (height, width).
        progress: Receives the images done and their number, now and then.

    Returns:
        The boxes (top, left, bottom, right) in shares of height and width, shape (n, 4); NaN where no lungs are found.

    Raises:
        DataError: An array is not a grey image of 8 bits.
        ModelFileError: The network that comes with chestnut is missing or has changed.
    """
    boxes = np.full((len(images), 4), np.nan)
    for row, lungs in enumerate(_find_each(images, progress)):
        if lungs.found:
            boxes[row] = lungs.shares
    return boxes


def _find_each(images: Images, progress: Tick | None) -> Iterator[Lungs]:
    for row in range(len(images)):
        yield find_lungs(images[row])
        if progress is not None and (row % 16 == 15 or row + 1 == len(images)):
            progress(row + 1, len(images))


def _describe(grey: object) -> str:
    if isinstance(grey, np.ndarray):
        return f"an array of {grey.dtype} with shape {grey.shape}"
    return f"an object of type {type(grey).__name__}"


def _largest_part(field: _Field) -> _Field:
    """Keep the largest connected part of a lung, with the soft edge around it; set the rest to zero."""
    from scipy import ndimage  # takes a third of a second to import

    # Not OpenCV's function, whose threads cost more than it takes, while other threads decode images
    labels, count = ndimage.label(field > 0.5)
    if not count:
        return np.zeros_like(field)
    kept = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    near = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    return np.where((near > 0) & (kept | (labels == 0)), field, np.float32(0))


def _certainty(field: _Field) -> float:
    """Return the mean probability inside a lung; 0 without one."""
    inside = field > 0.5
    return float(field[inside].mean()) if inside.any() else 0.0


def _surround(mask: npt.NDArray[np.uint8]) -> Box:
    left, top, width, height = cv2.boundingRect(mask)
    side = mask.shape[0]
    return Box(top / side, left / side, (top + height) / side, (left + width) / side)


def _hull(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    corners = cv2.convexHull(np.concatenate(outlines))[:, 0]
    return np.asarray((corners + 0.5) / mask.shape[0], dtype=np.float32)
