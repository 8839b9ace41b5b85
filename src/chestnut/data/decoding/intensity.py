"""Normalise the grey values of each image, so that they depend less on the scanner.

This happens at the input size, so that the result depends only on the pixels that a network sees.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey

Rule = Literal["none", "percentile", "equalise", "clahe"]

#: The percentiles that become black and white; markers, burnt-in text and the air around the body lie beyond them.
_LOW, _HIGH = 1.0, 99.0

#: The tiles along each axis, and the limit of a tile's histogram as a multiple of its mean height.
_TILES, _CLIP = 8, 2.0


def standardise(image: Grey, rule: Rule, kept: npt.NDArray[np.bool_] | None = None) -> Grey:
    """Normalise an image's grey values.

    Args:
        image: The grey values, shape (height, width).
        rule: `none` changes nothing. `percentile` maps the 1st percentile to 0 and the 99th to 255, linearly.
            `equalise` makes all grey values equally frequent, so that images that differ by a rising map of grey values
            become equal. `clahe` does the same in each of 8×8 tiles, with limited contrast, and blends the tiles
            (Zuiderveld 1994, Graphics Gems IV, VIII.5).
        kept: A mask of the pixels to keep, of the same shape; the others become 0, and the result does not depend on
            them. None keeps all.

    Returns:
        The image, of the same shape. Only `clahe` changes an image of one grey value or with equal percentiles.

    >>> standardise(np.array([[10, 20], [30, 40]], np.uint8), "equalise")
    array([[  0,  85],
           [170, 255]], dtype=uint8)
    """
    if kept is None:
        return _standardise_all(image, rule)
    changed: Grey = np.zeros_like(image)
    if rule == "clahe":  # it looks at neighbours, so those that are not kept are made black before as well
        changed[kept] = image[kept]
        changed = _standardise_all(changed, rule)
        changed[~kept] = 0
    elif kept.any():
        # Neither of these rules looks at neighbours, so the pixels may stand in a column
        changed[kept] = _standardise_all(image[kept][:, np.newaxis], rule)[:, 0]
    return changed


def _standardise_all(image: Grey, rule: Rule) -> Grey:
    import cv2

    if rule == "percentile":
        return _stretch_percentiles(image)
    if rule == "equalise":
        return np.asarray(cv2.equalizeHist(image), dtype=np.uint8)
    if rule == "clahe":
        # A new object for each call: it is not thread-safe
        return np.asarray(cv2.createCLAHE(_CLIP, (_TILES, _TILES)).apply(image), dtype=np.uint8)
    return image


def _stretch_percentiles(image: Grey) -> Grey:
    low, high = np.percentile(image, (_LOW, _HIGH))
    if low == high:
        return image
    table = np.clip((np.arange(256) - low) * (255 / (high - low)), 0, 255)
    return np.asarray(np.rint(table).astype(np.uint8)[image])
