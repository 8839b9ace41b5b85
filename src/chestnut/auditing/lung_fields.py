"""Find the lungs of every image, and measure what lies outside them and how they are shaped."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.auditing.image_statistics import CELLS, Grey, PixelSource, chunks, shrink
from chestnut.lungfield.blank import blank_inside
from chestnut.lungfield.find import find_many
from chestnut.lungfield.geometry import GEOMETRY

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LungFields:
    """The lungs of n images, in manifest order.

    Attributes:
        reasons: Why no lungs were found in an image, as a clause; empty where they were.
        geometry: The figures that `geometry.GEOMETRY` names, float32, shape (n, figures).
        outside: The image with the hull of the lungs blanked, shrunk to `CELLS` cells a side, uint8, shape (n, 576).
    """

    reasons: tuple[str, ...]
    geometry: npt.NDArray[np.float32]
    outside: Grey

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Which images show two lungs, bool, shape (n,)."""
        return np.array([not reason for reason in self.reasons], np.bool_)

    def take(self, rows: Ints) -> Self:
        """Return the fields of some rows."""
        return type(self)(tuple(self.reasons[row] for row in rows), self.geometry[rows], self.outside[rows])


def measure_lungs(pixels: PixelSource, progress: Callable[[int], None] | None = None) -> LungFields:
    """Find and measure the lungs of every image, on all cores, reading each once.

    Args:
        pixels: Grey images, uint8, shape (n, height, width).
        progress: Called with the number of images done.
    """
    reasons = [""] * len(pixels)
    geometry = np.zeros((len(pixels), len(GEOMETRY)), np.float32)
    outside = np.zeros((len(pixels), CELLS**2), np.uint8)

    def work(rows: slice) -> int:
        images = np.asarray(pixels[rows])
        for row, (image, lungs) in enumerate(zip(images, find_many(images), strict=True), rows.start):
            if lungs.found:
                geometry[row] = list(lungs.geometry.values())
                outside[row] = shrink(blank_inside(image, lungs.hull), CELLS).ravel()
            else:
                reasons[row] = lungs.reason
        return int(rows.stop)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done in pool.map(work, chunks(len(pixels))):
            if progress:
                progress(done)
    return LungFields(tuple(reasons), geometry, outside)
