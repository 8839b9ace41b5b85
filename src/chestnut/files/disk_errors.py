"""Turn the operating system's errors about space and permission into chestnut's own."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from chestnut.errors import DiskError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the largest file allowed is reached",
}
#: NumPy's own message for an incomplete write, which does not give the system's reason.
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")


def disk_error(error: OSError, path: Path) -> DiskError | None:
    """Return a `DiskError` for an error about space or permission, and None for any other error.

    Args:
        error: The operating system's error.
        path: The file or folder that was being written.
    """
    if error.errno in _REASONS or _SHORT_WRITE.search(str(error)):
        reason = _REASONS[error.errno or errno.ENOSPC]
        return DiskError(f"cannot write {path}: {reason}; free some space or choose another folder")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DiskError(f"cannot write {path}: no permission to write there; choose another folder")
    return None


def mentions_full_disk(text: str) -> bool:
    """Return whether an error message from another process reports a full disk.

    >>> mentions_full_disk("OSError: [Errno 28] No space left on device")
    True
    """
    phrases = (phrase for code, reason in _REASONS.items() for phrase in (reason, os.strerror(code)))
    return _SHORT_WRITE.search(text) is not None or any(phrase in text for phrase in phrases)
