"""Grey values that do not depend on the scanner: each image brought to a scale of its own; called by `decode`.

It works on images at the input size, so that what it does depends on the pixels a network sees and on nothing else.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from chestnut.data.pixels import Grey

Rule = Literal["none", "percentile", "equalise", "clahe"]

#: Percentiles that become black and white: beyond them lie markers, burnt-in text and the void beside the body.
_LOW, _HIGH = 1.0, 99.0

#: Tiles along each axis, and how many times the mean height of its histogram a tile's grey value may count.
_TILES, _CLIP = 8, 2.0


def standardise(image: Grey, rule: Rule) -> Grey:
    """Bring an image's grey values to a scale of their own.

    Args:
        image: Shape (height, width).
        rule: `none` leaves them. `percentile` is linear, the 1st percentile to 0 and the 99th to 255. `equalise` makes
            all grey values equally frequent: of two images that differ by a rising map of grey values it makes one.
            `clahe` does that in each of 8×8 tiles with limited contrast and blends them (Zuiderveld 1994, Graphics
            Gems IV, VIII.5).

    Returns:
        Same shape. An image of one grey value, or whose percentiles are equal, is left as it is by all but `clahe`.

    >>> standardise(np.array([[10, 20], [30, 40]], np.uint8), "equalise")
    array([[  0,  85],
           [170, 255]], dtype=uint8)
    """
    import cv2

    if rule == "percentile":
        return _stretched(image)
    if rule == "equalise":
        return np.asarray(cv2.equalizeHist(image), dtype=np.uint8)
    if rule == "clahe":
        # Made anew each time: one is not safe among threads
        return np.asarray(cv2.createCLAHE(_CLIP, (_TILES, _TILES)).apply(image), dtype=np.uint8)
    return image


def _stretched(image: Grey) -> Grey:
    low, high = np.percentile(image, (_LOW, _HIGH))
    if low == high:
        return image
    table = np.clip((np.arange(256) - low) * (255 / (high - low)), 0, 255)
    return np.asarray(np.rint(table).astype(np.uint8)[image])
