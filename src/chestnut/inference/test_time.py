"""Other versions of an image that show the same: what test-time augmentation feeds a network; called by `inference`.

Work on NumPy alone, so that every engine makes the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from chestnut.data.pixels import Grey

Rule = Literal["none", "flip", "zoom", "both"]

#: Share of each side that is cut away at each edge of the enlarged version.
_CUT = 0.05


def variants(rule: Rule) -> list[Callable[[Grey], Grey]]:
    """The versions that a rule asks for, the image itself first; each a map of images (n, height, width).

    >>> [each(np.array([[[1, 2]]], np.uint8)).tolist() for each in variants("flip")]
    [[[[1, 2]]], [[[2, 1]]]]
    """
    made: list[Callable[[Grey], Grey]] = [lambda images: images]
    if rule in ("flip", "both"):
        made.append(lambda images: images[:, :, ::-1])
    if rule in ("zoom", "both"):
        made.append(_enlarged)
    return made


def _enlarged(images: Grey) -> Grey:
    """The middle nine tenths of each side at the size of the whole, bilinear."""
    import cv2

    height, width = images.shape[1:]
    y, x = round(_CUT * height), round(_CUT * width)
    middle = np.ascontiguousarray(images[:, y : height - y, x : width - x])
    return np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in middle])
