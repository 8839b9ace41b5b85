"""Open regular files only: a pipe would wait for its writer for ever, and a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

from chestnut.errors import ImageError

_REASONS = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.ELOOP: "is a symbolic link to itself",
}


def open_regular(path: str, most_bytes: int) -> BinaryIO:
    """Open a regular file of a reasonable size for reading.

    Args:
        path: The path; links are followed.
        most_bytes: The largest size that is allowed.

    Raises:
        ImageError: The file is missing, not a regular file or too large, or permission is missing.
    """
    try:
        _check(os.stat(path), path, most_bytes)  # noqa: PTH116 -- Path.stat takes several times as long
        file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 -- the caller closes it
    except (OSError, ValueError) as error:
        raise ImageError(path, reason(error)) from error
    try:
        _check(os.fstat(file.fileno()), path, most_bytes)  # another file may have taken the name
    except ImageError:
        file.close()
        raise
    return file


def reason(error: Exception) -> str:
    """Return in a few words why a file cannot be read."""
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    code = getattr(error, "errno", None)
    text = getattr(error, "strerror", None) or str(error)
    return _REASONS.get(code, f"cannot be read ({text.lower()})") if code else f"cannot be read ({text})"


def _check(status: os.stat_result, path: str, most_bytes: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(path, "is a folder, not an image")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(path, "is not a regular file")
    if status.st_size > most_bytes:
        raise ImageError(path, f"has {status.st_size:,} bytes, more than the limit of {most_bytes:,}")


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; if it has become a pipe meanwhile, do not wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
