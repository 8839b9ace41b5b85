"""Changes made on purpose to images, to see which of them a guard notices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chestnut.config import InputSpec
from chestnut.data.decoding.frame import framed
from chestnut.data.pixels import Grey
from chestnut.inference.guard.looks import Seen


def _halved(rows: slice, columns: slice) -> Callable[[Grey], Grey]:
    """Return a change to a part of the image, given in halves, enlarged to the size of the whole."""

    def change(view: Grey) -> Grey:
        import cv2

        height, width = view.shape
        part = view[slice(*(_half(end, height) for end in (rows.start, rows.stop)))]
        part = part[:, slice(*(_half(end, width) for end in (columns.start, columns.stop)))]
        return np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height)), dtype=np.uint8)

    return change


def _half(end: int | None, length: int) -> int | None:
    return None if end is None else end * length // 2


def _noise(view: Grey) -> Grey:
    return np.random.default_rng(0).integers(0, 256, view.shape, dtype=np.uint8)


#: The changes by name. Each takes a whole image and returns another of the same size, or turned.
CHANGES: dict[str, Callable[[Grey], Grey]] = {
    "rotated by 90°": lambda view: np.ascontiguousarray(np.rot90(view)),
    "upside down": lambda view: np.ascontiguousarray(view[::-1, ::-1]),
    "mirrored": lambda view: np.ascontiguousarray(view[:, ::-1]),
    "grey values inverted": lambda view: 255 - view,
    "left half only": _halved(slice(None), slice(None, 1)),
    "upper half only": _halved(slice(None, 1), slice(None)),
    "lower half only": _halved(slice(1, None), slice(None)),
    "noise in its place": _noise,
}


def changed(view: Grey, stored: tuple[int, int], change: Callable[[Grey], Grey], spec: InputSpec) -> Seen:
    """Return an image after a change, as a guard sees it.

    Args:
        view: The whole image, grey values as they are, uint8, shape (height, width).
        stored: Its height and width as it is stored.
        change: The change.
        spec: The input of the network.
    """
    after = change(view)
    return Seen(after, framed(after, spec).image, stored)
