"""Variants of an image for test-time augmentation: a network's answer is the mean over them.

They are made with NumPy and OpenCV, not with the network's framework, so that every engine computes the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from chestnut.data.pixels import Grey

Rule = Literal["none", "flip", "zoom", "both"]

#: The share of the height and of the width that the enlarged variant loses at each edge.
_CUT = 0.05


def variants(rule: Rule) -> list[Callable[[Grey], Grey]]:
    """Return the variants that a rule asks for, the unchanged image first, as functions of images (n, height, width).

    >>> [each(np.array([[[1, 2]]], np.uint8)).tolist() for each in variants("flip")]
    [[[[1, 2]]], [[[2, 1]]]]
    """
    functions: list[Callable[[Grey], Grey]] = [lambda images: images]
    if rule in ("flip", "both"):
        functions.append(lambda images: images[:, :, ::-1])
    if rule in ("zoom", "both"):
        functions.append(_enlarge)
    return functions


def _enlarge(images: Grey) -> Grey:
    """Enlarge the middle nine tenths of each side to the size of the whole image, by bilinear interpolation."""
    import cv2

    height, width = images.shape[1:]
    y, x = round(_CUT * height), round(_CUT * width)
    middle = np.ascontiguousarray(images[:, y : height - y, x : width - x])
    return np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in middle])
