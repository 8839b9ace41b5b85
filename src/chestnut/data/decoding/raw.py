"""Read an image as it is stored, without decoding: a file's bytes or an archive's row, and its format."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy.typing as npt

from chestnut.data.decoding import npz_rows
from chestnut.data.decoding.limits import MOST_BYTES, bytes_at_once
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

_REASONS = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.ELOOP: "is a symbolic link to itself",
}


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
            raise ImageError(reference, _reason(error)) from error
        if not data:
            raise ImageError(reference, "is empty (0 bytes)")
        yield Raw(reference, data)


def open_file(path: str) -> BinaryIO:
    """Open a regular file of a reasonable size for reading.

    Raises:
        ImageError: The file is missing, not a regular file or too large, or permission is missing.
    """
    try:
        _check_status(os.stat(path), path)  # noqa: PTH116 -- Path.stat takes several times as long
        file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 -- the caller closes it
    except (OSError, ValueError) as error:
        raise ImageError(path, _reason(error)) from error
    try:
        _check_status(os.fstat(file.fileno()), path)  # another file may have taken the name
    except ImageError:
        file.close()
        raise
    return file


def _check_status(status: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(path, "is a folder, not an image")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(path, "is not a regular file")
    if status.st_size > MOST_BYTES:
        raise ImageError(path, f"has {status.st_size:,} bytes, more than the limit of {MOST_BYTES:,}")


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; if it has become a pipe meanwhile, do not wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


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


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    code = getattr(error, "errno", None)
    text = getattr(error, "strerror", None) or str(error)
    return _REASONS.get(code, f"cannot be read ({text.lower()})") if code else f"cannot be read ({text})"
