"""The sampling points of a projection, and the curves with which every part of a chest is drawn.

Functions that run over whole maps work in place, which doubles their speed: a map is so large that the allocator gets
new memory from the system for each one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

#: One value per sample; float32 if the array is two-dimensional.
Map = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Grid:
    """The sampling points of a projection.

    Attributes:
        x: The distances from the midline, cm, shape (1, columns).
        y: The distances below the apices, cm, shape (rows, 1).
        step: The distance between samples, cm.
        place: The rows and columns of the samples in the grid that this one is a part of.
    """

    x: Map
    y: Map
    step: float
    place: tuple[slice, slice] = (slice(None), slice(None))

    @classmethod
    def square(cls, middle: tuple[float, float], side: int, step: float) -> Grid:
        """Return a square of samples around a point (x, y)."""
        place = (np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)) * np.float32(step)
        return cls(place[None, :] + np.float32(middle[0]), place[:, None] + np.float32(middle[1]), step)

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows and columns."""
        return (self.y.size, self.x.size)

    def part(self, x: tuple[float, float], y: tuple[float, float]) -> Grid:
        """Return the samples within two ranges, so that a small organ takes little time."""
        columns = slice(*np.searchsorted(self.x[0], x).tolist())
        rows = slice(*np.searchsorted(self.y[:, 0], y).tolist())
        return Grid(self.x[:, columns], self.y[rows], self.step, (rows, columns))

    def sides(self, right: Map | float, left: Map | float) -> Map:
        """Return one value for the patient's right half, on the left of the image, and one for the left half."""
        values = np.empty(np.broadcast_shapes(self.x.shape, np.shape(right), np.shape(left)), dtype=np.float32)
        middle = int(np.searchsorted(self.x[0], 0))
        values[:, :middle] = right
        values[:, middle:] = left
        return values

    def row(self, y: float) -> int:
        """Return the row nearest to a height."""
        return int(np.abs(self.y[:, 0] - y).argmin())


def keep_memory() -> None:
    """Make the process keep the memory of freed maps, which nearly doubles the speed of drawing.

    The GNU C library returns a freed block of more than 128 KiB to the system, which must clear new pages for the next
    one, until a larger block has been freed (mallopt(3), M_MMAP_THRESHOLD). With other C libraries this has no effect.
    """
    np.empty(4 << 20, dtype=np.float32)


def chord(share: Map, other: Map | None = None) -> Map:
    """Return half the chord of a unit circle at `share` from its centre, or of a ball at (share, other); 0 outside."""
    value = share * share
    if other is not None:
        value = value + other * other
    np.subtract(1, value, out=value)
    np.maximum(value, 0, out=value)
    return cast(Map, np.sqrt(value, out=value))


def soft(value: Map) -> Map:
    """Return a smooth step, a cubic from 0 at 0 to 1 at 1."""
    value = np.clip(value, 0, 1)
    bend = value * -2
    bend += 3
    bend *= value
    bend *= value
    return bend


def shell(share: Map, core: float) -> Map:
    """Return the path through the wall of a tube with a light core, as a share of the tube's width.

    Args:
        share: The distance from the tube's axis divided by its radius.
        core: The radius of the core divided by that of the tube.
    """
    wall = chord(share)
    wall -= 0.9 * core * chord(share / core)
    return wall


def length_of(fall: Map, step: float) -> Map:
    """Return the length of a curve y = fall(x) per length along x, by central differences along the rows."""
    steep = cv2.Sobel(fall, cv2.CV_32F, 1, 0, ksize=1, scale=1 / (2 * step))
    return cast(Map, np.sqrt(1 + steep * steep))


def cloud(rng: np.random.Generator, shape: tuple[int, int], octaves: dict[int, float]) -> Map:
    """Return smooth noise of mean 0: random values on coarse grids, enlarged and added.

    Args:
        rng: The generator of the values; the number of draws does not depend on `shape`.
        shape: The number of rows and columns.
        octaves: The weight of each grid, by its number of cells per side.
    """
    cells = max(octaves)
    total = np.zeros((cells, cells), dtype=np.float32)
    for count, weight in octaves.items():
        values = rng.standard_normal((count, count), dtype=np.float32)
        total += weight * cv2.resize(values, (cells, cells), interpolation=cv2.INTER_CUBIC)
    return cast(Map, cv2.resize(total, shape[::-1], interpolation=cv2.INTER_CUBIC))
