"""Read an image as it is stored, without decoding: a file's bytes or an archive's row, and its format."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy.typing as npt

from chestnut.data.decoding import npz_rows
from chestnut.data.decoding.limits import MOST_BYTES, bytes_at_once
from chestnut.data.decoding.regular_file import open_regular, reason
from chestnut.errors import ImageError

_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
    b"BM": "BMP",
    # DICOM without preamble: an element of group 0002 or 0008 in either byte order
    b"\x02\x00": "DICOM",
    b"\x08\x00": "DICOM",
    b"\x00\x08": "DICOM",
}

#: The number of bytes that `sniff` needs.
START = 132


@dataclass(frozen=True, eq=False)
class Raw:
    """An image as it is stored.

    Attributes:
        reference: A path, or `archive.npz#train/17`.
        stored: The bytes of a file, or the pixels of an archive's row.
    """

    reference: str
    stored: bytes | npt.NDArray[Any]

    def digest(self) -> bytes:
        """Return the SHA-256 (32 bytes) of the stored contents, whatever the name."""
        if isinstance(self.stored, bytes):
            return hashlib.sha256(self.stored).digest()
        form = f"npz row {self.stored.shape} {self.stored.dtype.str}\n"
        return hashlib.sha256(form.encode() + self.stored.tobytes()).digest()


@contextmanager
def fetched(reference: str) -> Iterator[Raw]:
    """Read what is stored under a reference: a path, or `archive.npz#train/17`.

    A file's bytes count against `limits.bytes_at_once` until the block ends.

    Raises:
        ImageError: The file is missing, empty, not a regular file or too large, or permission is missing.
    """
    row = npz_rows.parse(reference)
    if row is not None:
        yield Raw(reference, npz_rows.read_row(row, reference))
        return
    with open_file(reference) as file, bytes_at_once.hold(os.fstat(file.fileno()).st_size):
        try:
            data = file.read(MOST_BYTES)  # the file may grow meanwhile
        except (OSError, MemoryError) as error:
            raise ImageError(reference, reason(error)) from error
        if not data:
            raise ImageError(reference, "is empty (0 bytes)")
        yield Raw(reference, data)


def open_file(path: str) -> BinaryIO:
    """Open a regular file of a reasonable size for reading.

    Raises:
        ImageError: The file is missing, not a regular file or too large, or permission is missing.
    """
    return open_regular(path, MOST_BYTES)


def sniff(start: bytes) -> str:
    """Return the format of a file from its first `START` bytes: JPEG, PNG, TIFF, WEBP, BMP, DICOM, or empty.

    >>> sniff(bytes([0xFF, 0xD8, 0xFF, 0xE0]))
    'JPEG'
    """
    if start[128:132] == b"DICM":
        return "DICOM"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    return next((name for mark, name in _STARTS.items() if start.startswith(mark)), "")
