"""Temporary files and folders that never outlive their use for long, even if the process is killed.

Each is locked while its owner lives. Whoever next makes one in the same folder removes those that nobody has locked.
Their names begin with `.chestnut-tmp-` and end in eight random digits and the ending of the file that they become.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl

    _LOCKS = True
except ImportError:  # Windows, where nothing is locked, and nothing removed
    _LOCKS = False

_PREFIX = ".chestnut-tmp-"
_NAME = re.compile(re.escape(_PREFIX) + r".*-[0-9a-f]{8}(\..*)?", re.DOTALL)

#: The most bytes of a file's own name, and of its ending, in a temporary name: some disks allow 143 in all.
_STEM, _ENDING = 80, 32
_ATTEMPTS = 100

_swept: set[str] = set()


@contextmanager
def temporary_file(folder: Path, name: str, *, mode: int = 0o666) -> Iterator[Path]:
    """Yield an empty file, which is removed after the block if it was not moved elsewhere.

    A writer that puts another file in its place loses the lock: write into the file that is there.

    Args:
        folder: An existing folder on the disk that the result is for.
        name: The name of the file that it becomes; the temporary name has the same ending.
        mode: The permissions of the file, from which the system takes those that new files lack.
    """
    path, descriptor = _create(folder, name, lambda path: os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))
    try:
        if not _LOCKS:  # Windows does not move a file that is open
            _close(descriptor)
            descriptor = None
        yield path
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        _close(descriptor)


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder in a hidden one below `parent`; whatever the block leaves there is removed.

    Args:
        parent: A folder on the disk that the result is for; it is created if needed.
        name: What the folder is for, as part of the hidden folder's name.
    """
    parent.mkdir(parents=True, exist_ok=True)
    hidden, descriptor = _create(parent, name, _make_folder)
    try:
        folder = hidden / "new"
        folder.mkdir()  # with ordinary permissions, unlike the hidden one
        yield folder
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        _close(descriptor)


def discard(folder: Path) -> None:
    """Remove a folder; it first gets a temporary name, so that a kill leaves no part of it in its place.

    This needs no space on the disk.
    """
    aside = _temporary_path(folder.parent, folder.name)
    folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def is_temporary(name: str) -> bool:
    """Return whether a file or folder of this name is temporary.

    >>> is_temporary(".chestnut-tmp-report-0123abcd.html"), is_temporary(".chestnut.toml")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None


def sweep(folder: Path) -> None:
    """Remove the temporary files and folders of dead processes directly below `folder`."""
    if not _LOCKS:
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for path in [Path(entry.path) for entry in entries if is_temporary(entry.name)]:
            with suppress(OSError):
                _remove_if_free(path)


def _sweep_once(folder: Path) -> None:
    place = os.path.realpath(folder)
    if place not in _swept:
        _swept.add(place)
        sweep(folder)


def _create(folder: Path, name: str, make: Callable[[Path], int | None]) -> tuple[Path, int | None]:
    """Make a temporary file or folder, and lock it."""
    _sweep_once(folder)
    for _ in range(_ATTEMPTS):
        path = _temporary_path(folder, name)
        with suppress(FileExistsError):
            descriptor = make(path)
            if descriptor is None or _hold(descriptor, path):
                return path, descriptor
            _close(descriptor)
    raise FileExistsError(errno.EEXIST, "no free temporary name", str(folder))


def _temporary_path(folder: Path, name: str) -> Path:
    stem, ending = os.path.splitext(name)  # noqa: PTH122 -- a name, not a path
    if len(os.fsencode(ending)) > _ENDING:
        ending = ""
    stem = os.fsencode(stem)[:_STEM].decode(errors="ignore")
    return folder / f"{_PREFIX}{stem}-{secrets.token_hex(4)}{ending}"


def _make_folder(path: Path) -> int | None:
    path.mkdir(mode=0o700)
    if not _LOCKS:
        return None
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:  # another process took it for a leftover before it was locked
        raise FileExistsError(errno.EEXIST, "the name was taken", str(path)) from error


def _hold(descriptor: int, path: Path) -> bool:
    """Lock a new file; return False if another process took it for a leftover before it was locked."""
    if not _LOCKS:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this disk has no locks, so that nobody removes anything here
        return True
    return _is_at(descriptor, path)


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _remove_if_free(path: Path) -> None:
    found = path.lstat()
    folder = stat.S_ISDIR(found.st_mode)
    if found.st_uid != os.geteuid() or not (folder or stat.S_ISREG(found.st_mode)):
        return
    descriptor = os.open(path, (os.O_RDONLY if folder else os.O_RDWR) | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(descriptor, path):
            if folder:
                shutil.rmtree(path)
            else:
                path.unlink()
    finally:
        _close(descriptor)


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)
