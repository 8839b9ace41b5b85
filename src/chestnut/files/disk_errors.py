"""Turn the operating system's errors about files into chestnut's own."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chestnut.errors import DiskError
from chestnut.files.temporary import is_temporary

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the largest file allowed is reached",
}
_REASONS = {
    **{code: f"{reason}; free some space or choose another folder" for code, reason in _FULL.items()},
    errno.EACCES: "no permission to write there; choose another folder",
    errno.EPERM: "no permission to write there; choose another folder",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; give a shorter one",
    errno.ENOTDIR: "a file stands where a folder would have to; give another path",
    errno.EEXIST: "a file stands where a folder would have to; give another path",
    errno.EISDIR: "it is a folder; name a file",
    errno.ELOOP: "its symbolic links lead in a circle; give another path",
    errno.ENOENT: "its folder does not exist, or was removed meanwhile; give another path",
    errno.ENXIO: "no program reads from it; name a file",
    errno.ENODEV: "there is no such device; name a file",
    errno.EMFILE: "too many files are open; allow more with ulimit -n",
    errno.ENFILE: "too many files are open; end other programs",
    errno.EIO: "the disk has a fault; choose another folder",
}
#: NumPy's own message for an incomplete write, which does not give the system's reason.
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")


def disk_error(error: OSError, path: Path) -> DiskError | None:
    """Return a `DiskError` for an error of the file system, and None for one of a network or of another process.

    Args:
        error: The operating system's error.
        path: The file or folder that was being written.
    """
    if _SHORT_WRITE.search(str(error)):
        return DiskError(f"cannot write {path}: {_REASONS[error.errno or errno.ENOSPC]}")
    if error.errno is None or isinstance(error, ConnectionError | TimeoutError | ChildProcessError):
        return None
    reason = _REASONS.get(error.errno) or f"{(error.strerror or str(error)).lower()}; choose another folder"
    return DiskError(f"cannot write {path}: {reason}")


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an error of the block's writing to `path`, and no error about another file, into a `DiskError`."""
    try:
        yield
    except OSError as error:
        if not _concerns(error, path):
            raise
        raise disk_error(error, path) or error from error


def _concerns(error: OSError, path: Path) -> bool:
    """Return whether an error is about a path, a folder above it, a temporary file, or a file without a name."""
    if not isinstance(error.filename, str | bytes | os.PathLike):
        return True
    named = Path(os.fsdecode(error.filename))
    return named in (path, *path.parents) or any(is_temporary(part) for part in named.parts)


def require_possible(path: Path) -> None:
    """Check that a path is one that this system can have.

    Raises:
        DiskError: The path contains a character that no path may contain.
        OSError: The path is too long, or cannot be followed.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return
    except ValueError as error:
        raise DiskError(
            f"cannot write {str(path)!r}: it contains a character that no file name may contain; give another path"
        ) from error


def mentions_full_disk(text: str) -> bool:
    """Return whether an error message from another process reports a full disk.

    >>> mentions_full_disk("OSError: [Errno 28] No space left on device")
    True
    """
    phrases = (phrase for code, reason in _FULL.items() for phrase in (reason, os.strerror(code)))
    return _SHORT_WRITE.search(text) is not None or any(phrase in text for phrase in phrases)
