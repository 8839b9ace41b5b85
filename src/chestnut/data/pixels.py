"""`Pixels`: decoded images on disk that read like an array; handed out by `cache.decode_all`."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

#: Data sets up to this size may stay in memory as they are read.
_KEPT_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Pixels:
    """Grey images in a fixed order, read-only, of which only those that are asked for are read from disk.

    `len(p)`, `p.shape` and `np.asarray(p)` do what they do for an array of shape (n, height, width). `p[rows]` gives an
    array for a number, slice, mask or array of numbers.

    Attributes:
        stored: Memory-mapped images, uint8, shape (m, height, width).
        rows: Where in `stored` each image is, shape (n,).
    """

    stored: Grey
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n, height, width)."""
        return (len(self.rows), self.stored.shape[1], self.stored.shape[2])

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8."""
        return self.stored.dtype

    @property
    def nbytes(self) -> int:
        """Bytes that `np.asarray` of it would take."""
        return int(np.prod(self.shape))

    def __getitem__(self, rows: int | slice | npt.ArrayLike) -> Grey:
        wanted = rows if isinstance(rows, slice) else np.asarray(rows)
        if isinstance(wanted, np.ndarray) and wanted.size == 0:
            wanted = wanted.astype(np.int64)  # an empty list becomes an array of floats
        found = np.asarray(self.stored[self.rows[wanted]])
        self._forget()
        return found

    def _forget(self) -> None:
        """Hand the pages just read back to the operating system, which keeps them at hand as long as it has room.

        Otherwise a pass over a large data set would count as much memory as the data set takes.
        """
        pages: object = self.stored.base
        if isinstance(pages, mmap.mmap) and len(pages) > _KEPT_BYTES and hasattr(mmap, "MADV_DONTNEED"):
            pages.madvise(mmap.MADV_DONTNEED)

    def take(self, rows: npt.ArrayLike) -> Pixels:
        """The images at the given positions, without reading them."""
        return Pixels(self.stored, self.rows[np.asarray(rows, dtype=np.int64)])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("the images are on disk and scattered there; an array of them is always a copy")
        return self[:].astype(dtype or np.uint8, copy=False)
