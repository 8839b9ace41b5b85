"""Read rows of a MedMNIST archive by references such as `archive.npz#train/17`. Pickled data is never loaded."""

from __future__ import annotations

import re
import threading
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.errors import ImageError

_REFERENCE = re.compile(r"(.+\.npz)#(train|val|test)/(\d+)", re.DOTALL | re.IGNORECASE)
# The exceptions of zipfile, zlib and NumPy for archives that are damaged, truncated or have a wrong header
_FAULTS = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, MemoryError, NotImplementedError)

#: Keeps the threads of a process from loading the same archive twice.
_LOADING = threading.Lock()


class Row(NamedTuple):
    """One image of an archive: row `number`, from 0, of the array `{split}_images`."""

    archive: str
    split: str
    number: int


class Header(NamedTuple):
    """The type and shape of an array of images: (n, height, width) or (n, height, width, 1 or 3)."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def parse(reference: str) -> Row | None:
    """Parse a reference to a row; return None for the path of a file.

    >>> parse("/data/pneumoniamnist.npz#val/17")
    Row(archive='/data/pneumoniamnist.npz', split='val', number=17)
    """
    found = _REFERENCE.fullmatch(reference)
    return Row(found[1], found[2].lower(), int(found[3])) if found else None


def read_row(row: Row, reference: str) -> npt.NDArray[Any]:
    """Return the pixels of one row, shape (height, width) or (height, width, 3); the archive stays in memory.

    Raises:
        ImageError: The archive, array or row does not exist, or the array does not contain images.
    """
    images = _images(row.archive, row.split, *_stamp(row.archive, reference))
    if isinstance(images, str):
        raise ImageError(reference, images)
    if row.number >= len(images):
        raise ImageError(reference, f"the archive has rows 0 to {len(images) - 1} of {row.split}")
    pixels: npt.NDArray[Any] = images[row.number]
    return pixels[..., 0] if pixels.shape[2:] == (1,) else pixels


def read_header(archive: str, split: str) -> Header:
    """Read the shape and type of a split's images, without the images.

    Raises:
        ImageError: The archive or array does not exist, or the array does not contain images.
    """
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(f"{split}_images.npy") as member:
            return _header(member)
    except KeyError:
        raise ImageError(archive, f"the archive has no array {split}_images") from None
    except _FAULTS as error:
        raise ImageError(archive, f"is not a readable .npz archive ({error})") from error


def _stamp(archive: str, reference: str) -> tuple[int, int]:
    try:
        status = Path(archive).stat()
    except (OSError, ValueError) as error:
        raise ImageError(reference, f"the archive cannot be read ({getattr(error, 'strerror', error)})") from error
    return status.st_size, status.st_mtime_ns


def _images(archive: str, split: str, size: int, changed_ns: int) -> npt.NDArray[Any] | str:
    with _LOADING:
        return _load(archive, split, size, changed_ns)


@lru_cache(maxsize=3)
def _load(archive: str, split: str, size: int, changed_ns: int) -> npt.NDArray[Any] | str:
    """Load a split's images, or return why that fails; both are cached, so a broken archive is read only once."""
    try:
        with zipfile.ZipFile(archive) as opened:
            name = f"{split}_images.npy"
            with opened.open(name) as member:
                header = _header(member)
                length = int(np.prod(header.shape, dtype=object)) * header.dtype.itemsize
                if member.tell() + length != opened.getinfo(name).file_size:
                    return "the archive is damaged: the array's size and its header disagree"
            with opened.open(name) as member:
                images: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    except KeyError:
        return f"the archive has no array {split}_images"
    except ImageError as error:
        return error.reason
    except _FAULTS as error:
        return f"is not a readable .npz archive ({error})"
    images.setflags(write=False)
    return images


def _header(member: IO[bytes]) -> Header:
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    if (
        len(shape) not in (3, 4)
        or (len(shape) == 4 and shape[3] not in (1, 3))
        or 0 in shape
        or dtype.kind not in "uif"
    ):
        name = Path(getattr(member, "name", "array")).stem
        raise ImageError(name, f"{name} contains {shape} of {dtype}, not grey or RGB images (n, height, width[, 3])")
    return Header(shape, dtype)
