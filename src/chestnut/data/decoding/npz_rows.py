"""Read rows of a MedMNIST archive by references such as `archive.npz#train/17`. Pickled data is never loaded.

What an archive and its arrays declare is checked before memory is taken for it.
"""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.limits import (
    FREE_ARRAY_BYTES,
    MB,
    MOST_ARCHIVE_BYTES,
    MOST_ARRAY_BYTES,
    MOST_ARRAY_RATIO,
    MOST_ROWS,
    check_size,
)
from chestnut.data.decoding.regular_file import open_regular
from chestnut.errors import ImageError

_REFERENCE = re.compile(r"(.+\.npz)#(train|val|test)/(\d{1,18})", re.DOTALL | re.IGNORECASE)

#: The most bytes of an archive's table of contents, which zipfile makes an object for each entry of, and of the header
#: of an array.
_MOST_CONTENTS, _MOST_HEADER = 1 * MB, 10_000

#: Keeps the threads of a process from loading the same archive twice.
_LOADING = threading.Lock()


class Row(NamedTuple):
    """One image of an archive: row `number`, from 0, of the array `{split}_images`."""

    archive: str
    split: str
    number: int


class Header(NamedTuple):
    """The shape and type of an array."""

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
    """Read the shape and type of a split's images, (n, height, width[, 1 or 3]), without the images.

    Raises:
        ImageError: The archive or array does not exist, or the array does not contain images or is too large.
    """
    with open_archive(archive) as opened:
        return _image_header(opened, f"{split}_images", archive)


@contextmanager
def open_archive(path: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive.

    Raises:
        ImageError: The archive cannot be read, has too many entries or has two of the same name, or the work inside the
            block finds that it is damaged.
    """
    try:
        with open_regular(path, MOST_ARCHIVE_BYTES) as file:
            opened = zipfile.ZipFile(cast("IO[bytes]", _Measured(file, path)))
            names = opened.namelist()
            if len(set(names)) < len(names):
                raise ImageError(path, "the archive has two arrays of the same name; save it again")
            yield opened
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(path, "needs more memory than there is") from None
    except FAULTS as error:
        raise ImageError(path, f"is not a readable .npz archive ({error})") from error


def read_array_header(archive: zipfile.ZipFile, name: str, reference: str) -> Header:
    """Read the shape and type of an array, and check that its declared size is true and within the limits.

    Args:
        archive: The open archive.
        name: The array's name, without `.npy`.
        reference: The path, for messages.

    Raises:
        ImageError: There is no such array, it is encrypted or too large, or its size and its header disagree.
    """
    entry = archive.NameToInfo.get(f"{name}.npy")
    if entry is None:
        raise ImageError(reference, f"the archive has no array {name}")
    if entry.flag_bits & 1:
        raise ImageError(reference, f"the array {name} is encrypted; save the archive without a password")
    if entry.file_size > MOST_ARRAY_BYTES:
        limit = f"more than the limit of {MOST_ARRAY_BYTES // MB:,} MB"
        raise ImageError(reference, f"the array {name} would take {entry.file_size // MB:,} MB, {limit}")
    if entry.file_size > max(FREE_ARRAY_BYTES, MOST_ARRAY_RATIO * entry.compress_size):
        limit = f"more than the limit of {MOST_ARRAY_RATIO} times its {entry.compress_size:,} compressed bytes"
        raise ImageError(reference, f"the array {name} would take {entry.file_size // MB:,} MB, {limit}")
    with archive.open(entry) as member:
        start = member.read(12)
        wide = start[6:7] != b"\x01"  # the length has 2 bytes in version 1 and 4 in later ones
        length = int.from_bytes(start[8 : 12 if wide else 10], "little")
        if length > _MOST_HEADER:
            raise ImageError(reference, f"the header of the array {name} has {length:,} bytes; save it again")
        head = io.BytesIO(start + member.read(max(0, length - (0 if wide else 2))))
    version = np.lib.format.read_magic(head)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(head)
    if head.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize != entry.file_size or min(shape, default=0) < 0:
        if dtype.hasobject:
            raise ImageError(reference, f"the array {name} contains Python objects, which are not loaded")
        raise ImageError(reference, f"the archive is damaged: the size of {name} and its header disagree")
    return Header(shape, dtype)


class _Measured:
    """A file of which no more than `_MOST_CONTENTS` bytes are read at once, as zipfile reads the table of contents."""

    def __init__(self, file: IO[bytes], reference: str) -> None:
        self._file = file
        self._reference = reference
        self.seek, self.tell, self.close, self.seekable = file.seek, file.tell, file.close, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read some bytes.

        Raises:
            ImageError: They are too many.
        """
        if size > _MOST_CONTENTS:
            raise ImageError(self._reference, f"the archive's table of contents has {size:,} bytes; save it again")
        return self._file.read(size)


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
    name = f"{split}_images"
    try:
        with open_archive(archive) as opened:
            _image_header(opened, name, archive)
            with opened.open(f"{name}.npy") as member:
                images: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    except ImageError as error:
        return error.reason
    images.setflags(write=False)
    return images


def _image_header(opened: zipfile.ZipFile, name: str, reference: str) -> Header:
    header = read_array_header(opened, name, reference)
    shape, dtype = header
    if (
        len(shape) not in (3, 4)
        or (len(shape) == 4 and shape[3] not in (1, 3))
        or 0 in shape
        or dtype.kind not in "uif"
    ):
        raise ImageError(
            reference, f"{name} contains {shape} of {dtype}, not grey or RGB images (n, height, width[, 3])"
        )
    if shape[0] > MOST_ROWS:
        raise ImageError(reference, f"{name} contains {shape[0]:,} images, more than the limit of {MOST_ROWS:,}")
    check_size(shape[2], shape[1], reference)
    return header
