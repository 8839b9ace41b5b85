"""Map the arrays of the cache into memory, if they are what their headers declare."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def map_array(path: Path) -> npt.NDArray[Any]:
    """Return the array in an `.npy` file as a read-only memory map.

    Raises:
        ValueError: The file's size is not what its header declares, or it has no elements, or Python objects. A file
            that is no array raises one of `decoding.faults.FAULTS`.
    """
    with path.open("rb") as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("it is written in another version of the format")
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
        length = os.fstat(file.fileno()).st_size - file.tell()
    # NumPy's own check takes a product that overflows
    if min(shape, default=1) < 1 or math.prod(shape) * kind.itemsize != length or fortran or kind.hasobject:
        raise ValueError("its size and its header disagree")
    mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped
