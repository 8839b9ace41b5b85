"""The content of a bundle's part: arrays in NumPy's format, of which nothing is trusted until it was checked.

A bundle may come from a stranger. What an array declares is checked before memory is taken for it, and no pickled
object is ever loaded.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.npz_rows import read_array_header
from chestnut.errors import BundleError, ImageError, in_one_line, listed

_REMEDY = "restore it from a copy, or make it anew"


def pack_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return arrays as an uncompressed `.npz`; equal arrays give equal bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())  # without the time of day
    return content.getvalue()


def unpack_arrays(content: bytes, path: Path, kinds: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a part, all numbers finite.

    Args:
        content: The content of the part.
        path: The file, for messages.
        kinds: The kinds that each array may have, as NumPy's `dtype.kind`: `f` for floats, `iu` for whole numbers.

    Raises:
        BundleError: The part is damaged, lacks an array, or has one of another kind or with numbers that are NaN or
            infinite.

    >>> unpack_arrays(pack_arrays({"a": np.arange(3)}), Path("guard.npz"), {"a": "iu"})
    {'a': array([0, 1, 2])}
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: _read(archive, name, kind, path) for name, kind in kinds.items()}
    except ImageError as error:
        raise refuse_part(path, error.reason) from None
    except FAULTS as error:
        raise refuse_part(path, in_one_line(error)) from error


def refuse_part(path: Path, fault: str) -> BundleError:
    """Return the error about a part that cannot be used, and what to do."""
    return BundleError(f"{path} is damaged ({fault}); {_REMEDY}")


def _read(archive: zipfile.ZipFile, name: str, kinds: str, path: Path) -> npt.NDArray[Any]:
    header = read_array_header(archive, name, str(path))
    if archive.NameToInfo[f"{name}.npy"].compress_type != zipfile.ZIP_STORED:
        raise ImageError(str(path), f"the array {name} is compressed, and may be far larger than the file")
    if header.dtype.kind not in kinds:
        words = {"f": "decimal numbers", "i": "whole numbers", "u": "whole numbers", "b": "yes or no"}
        wanted = listed(dict.fromkeys(words[kind] for kind in kinds))
        raise ImageError(str(path), f"the array {name} contains {header.dtype}, not {wanted}")
    with archive.open(f"{name}.npy") as member:
        array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    if not np.isfinite(array).all():
        raise ImageError(str(path), f"the array {name} contains numbers that are NaN or infinite")
    return array
