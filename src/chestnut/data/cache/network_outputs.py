"""Cache the outputs of a frozen network for images, beside the decoded images and within the same size limit.

    <cache folder>/features-v1/5c1d…/features.npy   float16 (n, …)
                                     rows.npy       n, as in the entries of decoded images

A folder's name is a hash, made by the caller, of everything that the outputs depend on. A folder is written under a
temporary name and then renamed, so that a reader never sees an incomplete one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chestnut.data.cache.arrays import map_array
from chestnut.data.cache.entries import publish, remove, touch_rows, writing
from chestnut.data.cache.store import FEATURES, cache_folder, cache_limit, make_room
from chestnut.data.decoding.faults import FAULTS
from chestnut.files.temporary import scratch_folder

Half = npt.NDArray[np.float16]

_FEATURES, _ROWS = "features.npy", "rows.npy"

#: The largest number of float16.
_LARGEST = float(np.finfo(np.float16).max)


def load_or_compute(
    name: str, shape: tuple[int, ...], blocks: Callable[[], Iterable[npt.NDArray[np.floating]]]
) -> Half:
    """Return the outputs stored under a name, computing and storing them first if necessary.

    Args:
        name: A hash of the network, the images and their changes, 32 hexadecimal digits.
        shape: The shape (n, …) of all outputs together.
        blocks: A function that yields the outputs in order, in blocks of shape (b, …); called only if they are not
            stored yet.

    Returns:
        The outputs as a read-only memory map of that shape; values beyond ±65,504 are clipped to that range.

    Raises:
        DiskError: The disk is full, or permission is missing.
        DataError: The variable with the cache's limit is not a size.
    """
    cache_limit()
    place = cache_folder() / FEATURES / name
    found = _open(place, shape)
    if found is None:
        _write(place, shape, blocks)
        found = _open(place, shape)
    if found is None:  # another process has cleaned the cache meanwhile, as its limit is too low for both
        return np.concatenate([_half(block) for block in blocks()])
    return found


def _open(place: Path, shape: tuple[int, ...]) -> Half | None:
    try:
        found: Half = map_array(place / _FEATURES)
        if found.shape != shape or found.dtype != np.float16:
            return None
    except FAULTS:
        return None
    touch_rows(place)
    return found


def _write(place: Path, shape: tuple[int, ...], blocks: Callable[[], Iterable[npt.NDArray[np.floating]]]) -> None:
    make_room(2 * math.prod(shape))
    with writing(place.parent), scratch_folder(place.parent, "outputs") as folder:
        with (folder / _FEATURES).open("wb") as file:
            header = {"descr": "<f2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for block in blocks():  # not through a memory map, where a full disk would kill the process
                file.write(np.ascontiguousarray(_half(block)).data)
        np.save(folder / _ROWS, np.zeros(shape[0], np.uint8))
        remove(place)  # it is damaged, where there is one
        publish(folder, place)


def _half(block: npt.NDArray[np.floating]) -> Half:
    half: Half = np.clip(block, -_LARGEST, _LARGEST).astype(np.float16)
    return half
