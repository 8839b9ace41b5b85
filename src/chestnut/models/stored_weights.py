"""Check a file of weights before it is read: HDF5 can declare arrays that it does not contain, or point elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import h5py  # type: ignore[import-untyped]  # comes with Keras
import numpy as np

#: A network of a thousand layers has a few thousand arrays.
_MOST_OBJECTS = 100_000


def count_stored(source: Path | BinaryIO) -> int:
    """Return the number of values in the arrays of an HDF5 file, without reading them.

    Args:
        source: The file.

    Raises:
        ValueError: The file is damaged or links to other files, or an array does not lie in it uncompressed, as Keras
            writes it, so that reading it could take more memory than the file has bytes.
    """
    try:
        with h5py.File(source, "r") as file:
            return sum(_count(name, array) for name, array in _arrays(file.id))
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"its weights are damaged ({' '.join(str(error).split())[:160]})") from error


def stored_sides(source: Path | BinaryIO) -> frozenset[int]:
    """Return the lengths of all axes of the arrays in an HDF5 file; raises the errors of `count_stored`."""
    try:
        with h5py.File(source, "r") as file:
            return frozenset(int(side) for _, array in _arrays(file.id) for side in array.shape)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"its weights are damaged ({' '.join(str(error).split())[:160]})") from error


def _arrays(root: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and the identifier of each array; the low-level interface of h5py is five times as fast."""
    seen: set[int] = set()
    groups = [root]
    while groups:
        group = groups.pop()
        for name in group:
            shown = name.decode("utf-8", "replace")[:80]
            if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
                raise ValueError(f"its weights {shown!r} are a link, which Keras does not write")
            address = h5py.h5o.get_info(group, name).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > _MOST_OBJECTS:
                raise ValueError(f"it contains more than {_MOST_OBJECTS:,} arrays and groups")
            item = h5py.h5o.open(group, name)
            if isinstance(item, h5py.h5d.DatasetID):
                yield shown, item
            elif isinstance(item, h5py.h5g.GroupID):
                groups.append(item)


def _count(name: str, array: Any) -> int:
    settings, dtype = array.get_create_plist(), array.dtype
    if settings.get_external_count() or settings.get_layout() == h5py.h5d.VIRTUAL:
        raise ValueError(f"its weights {name!r} lie in another file, which is not opened")
    if dtype.kind not in "fiub":
        raise ValueError(f"its weights {name!r} are not numbers but {dtype}")
    declared = int(np.prod(array.shape, dtype=object))
    if declared * dtype.itemsize > array.get_storage_size():
        raise ValueError(
            f"its weights {name!r} of shape {array.shape} are compressed or incomplete; Keras stores them as they are"
        )
    return declared
