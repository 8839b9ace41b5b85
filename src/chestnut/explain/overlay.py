"""Draw a map over a picture as PNG."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from chestnut.data.pixels import Grey

#: A map is drawn at full strength where it is largest, but never below this many logits: little evidence looks little.
FAINT = 0.25

#: The part of the colours that is used: the darkest would look like the picture.
_DARKEST = 0.25


def strengths(heat: npt.NDArray[np.float32], *, in_logits: bool = True) -> npt.NDArray[np.float32]:
    """Return how strongly each place speaks for the class, from 0 to 1; what speaks against it is 0, and NaN stays NaN.

    Args:
        heat: The values of a map.
        in_logits: Whether they are in logits, so that the strongest place of a weak map is weak.

    >>> strengths(np.array([[1.0, 2.0, -3.0]], np.float32)).tolist()
    [[0.5, 1.0, 0.0]]
    """
    positive = np.maximum(heat, np.float32(0))  # NaN stays
    largest = float(np.nanmax(positive, initial=0.0))
    most = max(largest, FAINT) if in_logits else largest or 1.0
    return np.asarray(positive / np.float32(most), dtype=np.float32)


def blend(
    picture: Grey, heat: npt.NDArray[np.float32], opacity: float = 0.6, *, in_logits: bool = True
) -> npt.NDArray[np.uint8]:
    """Lay a map over a picture in colours whose lightness rises evenly.

    Args:
        picture: Grey values, shape (height, width).
        heat: The values of a map, of the same shape; NaN where the network sees nothing.
        opacity: How much of the picture the map covers where it is strongest, 0..1.
        in_logits: Whether the values are in logits; see `strengths`.

    Returns:
        Colours (red, green, blue), uint8, shape (height, width, 3).
    """
    share = np.nan_to_num(strengths(heat, in_logits=in_logits))
    colours = colour(_DARKEST + (1 - _DARKEST) * share).astype(np.float32)
    cover = (np.float32(opacity) * np.sqrt(share))[..., np.newaxis]
    mixed = picture[..., np.newaxis] * (1 - cover) + colours * cover
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def overlay_png(picture: Grey, heat: npt.NDArray[np.float32], opacity: float = 0.6) -> bytes:
    """Return a picture with a map over it as PNG; the arguments are those of `blend`."""
    return _png(blend(picture, heat, opacity))


def map_png(heat: npt.NDArray[np.float32]) -> bytes:
    """Return a map as PNG: grey from 0 to 255 as strongly as a place speaks for the class, transparent where NaN."""
    grey = np.rint(255 * np.nan_to_num(strengths(heat))).astype(np.uint8)
    opaque = np.where(np.isnan(heat), np.uint8(0), np.uint8(255))
    return _png(np.dstack([grey, opaque]))


def picture_png(picture: Grey) -> bytes:
    """Return a picture as PNG."""
    return _png(picture)


def colour(share: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return shares from 0 to 1 in colours whose lightness rises evenly, from black to light yellow.

    Returns:
        Colours (red, green, blue), uint8, shape (height, width, 3).
    """
    levels = np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1], dtype=np.uint8)


def _png(values: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    # Fast rather than small: it goes once over the network
    options: dict[str, Any] = {"compress_level": 1}
    Image.fromarray(np.ascontiguousarray(values)).save(file, "PNG", **options)
    return file.getvalue()
