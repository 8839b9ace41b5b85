"""Write, replace or remove a whole folder, so that it is complete or not there, even if the process is killed.

A folder is filled under a hidden name beside its place and moved there by one rename. Where the system cannot exchange
two folders in one step, the complete new one is called `.x.new` while it replaces `x`, and the old one `.x.old`.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from chestnut.errors import ChestnutError, DataError
from chestnut.files.disk_errors import disk_errors, require_possible
from chestnut.files.exchange import exchange
from chestnut.files.temporary import discard, scratch_folder, sweep

_Value = TypeVar("_Value")

#: How many times a folder that is replaced while it is read is read again.
_READS = 3


@contextmanager
def new_folder(path: Path, *, last: str = "") -> Iterator[Path]:
    """Yield an empty hidden folder, and move it to `path` when the block succeeds.

    Args:
        path: A folder that does not exist yet, or an empty one, which may be the working directory or a mount point:
            it is filled, and not replaced.
        last: The file whose presence says that the folder is complete; an empty folder receives it last.

    Raises:
        DataError: The folder contains files, or cannot be created.
        DiskError: The disk is full or not writable; nothing is left behind.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "set"
    >>> with new_folder(path) as draft:
    ...     _ = (draft / "a.txt").write_text("a")
    ...     path.exists()
    False
    >>> [item.name for item in path.iterdir()]
    ['a.txt']
    """
    with disk_errors(path):
        require_possible(path)
        if exists := path.is_dir():
            sweep(path)
        if (exists and any(path.iterdir())) or (not exists and (path.exists() or path.is_symlink())):
            kind = "contains files already" if exists else "is a file"
            raise DataError(f"{path} {kind}; give a new folder or an empty one")
        with scratch_folder(path if exists else path.parent, path.name) as draft:
            yield draft
            if exists:
                for item in sorted(draft.iterdir(), key=lambda item: (item.name == last, item.name)):
                    item.rename(path / item.name)
            else:
                draft.rename(path)


@contextmanager
def replacement_folder(path: Path) -> Iterator[Path]:
    """Yield an empty hidden folder, and put it in the place of `path` when the block succeeds.

    The two folders change places in one step, so that a reader finds the old one or the new one at any time. Where the
    system cannot do that, the old folder is moved aside before the new one moves in; after a kill between these two
    steps, the next reader or writer calls `finish_replacement`. The old folder is removed last. Two processes must not
    replace the same folder at the same time.

    Args:
        path: A folder, which need not exist yet.

    Raises:
        DiskError: The disk is full or not writable; the old folder is unchanged.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "set"
    >>> for text in ("old", "new"):
    ...     with replacement_folder(path) as draft:
    ...         _ = (draft / "a.txt").write_text(text)
    >>> (path / "a.txt").read_text(), [item.name for item in path.parent.iterdir()]
    ('new', ['set'])
    """
    with disk_errors(path):
        require_possible(path)
        finish_replacement(path)
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        with scratch_folder(path.parent, path.name) as draft:
            yield draft
            for leftover in _reserved(path):
                shutil.rmtree(leftover, ignore_errors=True)
            if not path.exists():
                draft.rename(path)
            elif not exchange(draft, path):
                _replace_in_two_steps(draft, path)


def _replace_in_two_steps(draft: Path, path: Path) -> None:
    new, old = _reserved(path)
    draft.rename(new)
    try:
        with suppress(FileNotFoundError):  # there is no old folder
            path.rename(old)
    except OSError:  # on Windows, while a program reads it
        shutil.rmtree(new, ignore_errors=True)
        raise
    with suppress(FileNotFoundError):  # a reader has just finished the replacement
        new.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def read_whole(path: Path, read: Callable[[], _Value]) -> _Value:
    """Return what `read` makes of a folder's files, all of them from before or all from after a replacement.

    It is called again, with its errors forgotten, if the folder was replaced meanwhile.

    Args:
        path: The folder, which need not exist.
        read: A function that reads files of the folder by their paths.
    """
    for _ in range(_READS):
        before = _identity(path)
        try:
            value = read()
        except (ChestnutError, OSError):
            if _identity(path) == before:
                raise
        else:
            if _identity(path) == before:
                return value
    return read()


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns  # numbers of removed folders are used again


def finish_replacement(path: Path) -> None:
    """Move a folder to its place if a process was killed while it replaced it; otherwise do nothing.

    It is safe while another process replaces the folder, since it never touches a folder that is in its place.
    """
    for folder in _reserved(path):
        if path.exists():
            return
        with suppress(OSError):  # there is no such folder, or another process was faster
            folder.rename(path)


def finish_replacements(parent: Path) -> None:
    """Finish the replacement of every folder directly below `parent`; see `finish_replacement`."""
    for folder in [*parent.glob(".*.new/"), *parent.glob(".*.old/")]:
        finish_replacement(parent / folder.name[1:-4])


def remove_folder(path: Path) -> None:
    """Remove a folder; it is first given a hidden name, so that a kill never leaves half of it in its place.

    Raises:
        DiskError: The folder is not writable.
    """
    with disk_errors(path):
        discard(path)


def _reserved(path: Path) -> tuple[Path, Path]:
    """Return the hidden names of the new and of the old folder, in the order in which a reader prefers them."""
    named = path if path.name not in ("", "..") else path.resolve()
    return named.parent / f".{named.name}.new", named.parent / f".{named.name}.old"
