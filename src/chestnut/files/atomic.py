"""Write a file completely or not at all, so that a reader never sees half of it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chestnut.files.disk_errors import disk_errors, require_possible
from chestnut.files.temporary import temporary_file


@contextmanager
def replacing(path: Path, *, follow: bool = False) -> Iterator[Path]:
    """Yield a temporary path, and move that file to `path` when the block succeeds.

    A file that is replaced keeps its permissions.

    Args:
        path: The file to write; its folder is created if needed.
        follow: What happens where something else than a regular file stands. True is for a path that the user has
            named: the file that a symbolic link leads to is replaced, and a device, a pipe or standard output receives
            a copy of what the block has written. False is for the files of runs, which may come from elsewhere and must
            lead to no other place: a link or a pipe itself is replaced.

    Raises:
        DiskError: The disk is full or not writable, or the path is a folder or one that cannot be. The old file, if
            any, is unchanged.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replacing(path) as temporary:
    ...     _ = temporary.write_text("all of it")
    >>> path.read_text()
    'all of it'
    """
    with disk_errors(path):
        require_possible(path)
        target = Path(os.path.realpath(path)) if follow and path.is_symlink() else path
        old = _find(path, follow)
        if follow and old is not None and not _is_replaceable(old):
            with temporary_file(Path(tempfile.gettempdir()), path.name, mode=0o600) as temporary:
                yield temporary
                _write_through(temporary, path, old)
            return
        with disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary_file(target.parent, target.name, mode=0o600 if _is_file(old) else 0o666) as temporary:
                yield temporary
                if old is not None and _is_file(old):
                    _take_over(temporary, old)
                temporary.replace(target)


def write_text(path: Path, text: str, *, follow: bool = False) -> None:
    """Write UTF-8 text to a file, the same bytes on every system, completely or not at all; see `replacing`."""
    with replacing(path, follow=follow) as temporary:
        temporary.write_bytes(text.encode())


def is_stream(path: Path) -> bool:
    """Return whether a device, a pipe, a socket or standard output stands at a path, which is written through."""
    try:
        found = path.stat()
    except OSError:
        return False
    return not stat.S_ISDIR(found.st_mode) and not _is_replaceable(found)


def _find(path: Path, follow: bool) -> os.stat_result | None:
    """Return what stands at a path, or where its links lead; None if there is nothing."""
    try:
        found = path.stat(follow_symlinks=follow)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return found


def _is_file(found: os.stat_result | None) -> bool:
    return found is not None and stat.S_ISREG(found.st_mode)


def _is_replaceable(found: os.stat_result) -> bool:
    return _is_file(found) and _find_stream(found) is None


def _find_stream(found: os.stat_result) -> int | None:
    """Return the descriptor of standard output or error if that is what stands at a path."""
    for descriptor in (1, 2):
        with suppress(OSError):  # it is closed
            if os.path.samestat(os.fstat(descriptor), found):
                return descriptor
    return None


def _write_through(source: Path, path: Path, found: os.stat_result) -> None:
    """Copy a file into what is not a regular file, or to where standard output stands in the file that it goes to."""
    stream = _find_stream(found)
    for printed in (sys.stdout, sys.stderr):
        if stream is not None and printed is not None:
            printed.flush()
    opened = os.dup(stream) if stream is not None else os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
    with os.fdopen(opened, "wb") as target, source.open("rb") as content:
        shutil.copyfileobj(content, target)


def _take_over(temporary: Path, old: os.stat_result) -> None:
    """Give a file the owner and the permissions of the one that it replaces, as far as the system allows."""
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(OSError):
            os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(stat.S_IMODE(old.st_mode) & 0o777)
