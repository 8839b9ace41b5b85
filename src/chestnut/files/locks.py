"""Keep other processes out of a piece of work, on every system, by a lock file."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from chestnut.errors import RunError
from chestnut.files.disk_errors import disk_error

#: The errors of a file system that has no locks, such as some network shares: the work is then done without one.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def locked(path: Path, *, wait: float | None = None, busy: str = "") -> Iterator[None]:
    """Hold a lock for the length of the block. The lock of a process that dies is free at once.

    The empty lock file stays in its folder: removing it would let two processes lock two files of the same name.

    Args:
        path: The lock file; its folder is created if needed.
        wait: How many seconds to wait while another process holds the lock; None waits without limit.
        busy: The message of the error when the wait is over.

    Raises:
        RunError: Another process still holds the lock.
        DiskError: The lock file cannot be created.

    >>> import tempfile
    >>> lock = Path(tempfile.mkdtemp()) / ".lock"
    >>> with locked(lock), locked(lock, wait=0, busy="the folder is in use"):
    ...     pass
    Traceback (most recent call last):
    chestnut.errors.RunError: the folder is in use
    """
    lock = FileLock(path, timeout=-1 if wait is None else wait, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise RunError(busy or f"{path.parent} is in use by another process; wait for it or end it") from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise disk_error(error, path) or error from error
    try:
        yield
    finally:
        lock.release()
