"""`Pixels`: decoded images on disk that are read like an array."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

#: Data sets up to this size may stay in memory once they are read.
_KEPT_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Pixels:
    """A read-only sequence of grey images on disk; indexing reads only the images that it returns.

    `len(p)`, `p.shape` and `np.asarray(p)` work as for an array of shape (n, height, width). `p[rows]` returns an array
    for an index, a slice, a mask or an array of indices.

    Attributes:
        stored: The memory-mapped images, uint8, shape (m, height, width).
        rows: The row of `stored` that contains each image, shape (n,).
    """

    stored: Grey
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of the images as one array: (n, height, width)."""
        return (len(self.rows), self.stored.shape[1], self.stored.shape[2])

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """The type of a pixel, uint8."""
        return self.stored.dtype

    @property
    def nbytes(self) -> int:
        """The number of bytes that all images take in memory."""
        return int(np.prod(self.shape))

    def __getitem__(self, rows: int | slice | npt.ArrayLike) -> Grey:
        wanted = rows if isinstance(rows, slice) else np.asarray(rows)
        if isinstance(wanted, np.ndarray) and wanted.size == 0:
            wanted = wanted.astype(np.int64)  # an empty list becomes an array of floats
        found = np.asarray(self.stored[self.rows[wanted]])
        self._release_pages()
        return found

    def _release_pages(self) -> None:
        """Release the pages just read; the operating system still caches them while it has memory to spare.

        Otherwise one pass over a large data set would make this process appear to use as much memory as the data set.
        """
        pages: object = self.stored.base
        if isinstance(pages, mmap.mmap) and len(pages) > _KEPT_BYTES and hasattr(mmap, "MADV_DONTNEED"):
            pages.madvise(mmap.MADV_DONTNEED)

    def take(self, rows: npt.ArrayLike) -> Pixels:
        """Return the images at the given positions without reading them."""
        return Pixels(self.stored, self.rows[np.asarray(rows, dtype=np.int64)])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("copy=False is not possible: the images are on disk; leave out copy")
        return self[:].astype(dtype or np.uint8, copy=False)
