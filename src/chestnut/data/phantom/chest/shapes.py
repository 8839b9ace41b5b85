"""Sampling points of a projection, and the few curves that every part of a chest is drawn with.

Called by every module of `chest`; calls nothing of chestnut's. The functions that run over whole maps work in place,
which doubles their speed: a map is too large for the allocator to keep at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

#: One value a sample: float32 wherever the array is two-dimensional.
Map = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Grid:
    """Sampling points of a projection.

    Attributes:
        x: cm from the midline, shape (1, columns).
        y: cm below the apices, shape (rows, 1).
        step: cm from one sample to the next.
        place: Where the samples stand in the grid that this one is a part of.
    """

    x: Map
    y: Map
    step: float
    place: tuple[slice, slice] = (slice(None), slice(None))

    @classmethod
    def square(cls, middle: tuple[float, float], side: int, step: float) -> Grid:
        """A square of samples about a point given as (x, y)."""
        place = (np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)) * np.float32(step)
        return cls(place[None, :] + np.float32(middle[0]), place[:, None] + np.float32(middle[1]), step)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.y.size, self.x.size)

    def part(self, x: tuple[float, float], y: tuple[float, float]) -> Grid:
        """The samples within two ranges, so that a small organ costs little."""
        columns = slice(*np.searchsorted(self.x[0], x).tolist())
        rows = slice(*np.searchsorted(self.y[:, 0], y).tolist())
        return Grid(self.x[:, columns], self.y[rows], self.step, (rows, columns))

    def sides(self, right: Map | float, left: Map | float) -> Map:
        """One value for the patient's right half, on the left of the image, and one for the left half."""
        values = np.empty(np.broadcast_shapes(self.x.shape, np.shape(right), np.shape(left)), dtype=np.float32)
        middle = int(np.searchsorted(self.x[0], 0))
        values[:, :middle] = right
        values[:, middle:] = left
        return values

    def row(self, y: float) -> int:
        """The row nearest to a height."""
        return int(np.abs(self.y[:, 0] - y).argmin())


def keep_memory() -> None:
    """Let the process keep the memory of freed maps, which nearly doubles the speed of drawing.

    The GNU C library hands a freed block of more than 128 KiB back to the system, which must clear new pages for the
    next one, until it has seen a larger block freed (mallopt(3), M_MMAP_THRESHOLD). Other libraries take no notice.
    """
    np.empty(4 << 20, dtype=np.float32)


def chord(share: Map, other: Map | None = None) -> Map:
    """Half the chord of a unit circle at a distance from its centre, or of a unit ball at (share, other); 0 outside."""
    value = share * share
    if other is not None:
        value = value + other * other
    np.subtract(1, value, out=value)
    np.maximum(value, 0, out=value)
    return cast(Map, np.sqrt(value, out=value))


def soft(value: Map) -> Map:
    """A step from 0 at 0 to 1 at 1 without corners (a cubic)."""
    value = np.clip(value, 0, 1)
    bend = value * -2
    bend += 3
    bend *= value
    bend *= value
    return bend


def shell(share: Map, core: float) -> Map:
    """Path through the wall of a tube as a share of its width; its light core fills `core` of the radius.

    Args:
        share: Distance off the tube's axis over its radius.
        core: Radius of the core as a share of the tube's.
    """
    wall = chord(share)
    wall -= 0.9 * core * chord(share / core)
    return wall


def length_of(fall: Map, step: float) -> Map:
    """Length of a curve y = fall(x) per length along x, by central differences along the rows."""
    steep = cv2.Sobel(fall, cv2.CV_32F, 1, 0, ksize=1, scale=1 / (2 * step))
    return cast(Map, np.sqrt(1 + steep * steep))


def cloud(rng: np.random.Generator, shape: tuple[int, int], octaves: dict[int, float]) -> Map:
    """Smooth noise of mean 0: random values on coarse grids, enlarged and added.

    Args:
        rng: Source of the values; how many are drawn does not depend on `shape`.
        shape: Rows and columns wanted.
        octaves: Weight of each grid, by its cells a side.
    """
    cells = max(octaves)
    total = np.zeros((cells, cells), dtype=np.float32)
    for count, weight in octaves.items():
        values = rng.standard_normal((count, count), dtype=np.float32)
        total += weight * cv2.resize(values, (cells, cells), interpolation=cv2.INTER_CUBIC)
    return cast(Map, cv2.resize(total, shape[::-1], interpolation=cv2.INTER_CUBIC))
