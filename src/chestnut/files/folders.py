"""Write, replace or remove a whole folder, so that it is complete or not there, even if the process is killed.

A folder is filled under a hidden name beside its place and moved there by one rename. While a folder `x` is replaced,
the complete new one is called `.x.new`, and the one that makes room for it `.x.old`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chestnut.errors import DataError
from chestnut.files.disk_errors import disk_error


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
    try:
        exists = path.is_dir()
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
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise disk_error(error, path) or DataError(f"cannot create {path} ({reason}); give another folder") from error


@contextmanager
def replacement_folder(path: Path) -> Iterator[Path]:
    """Yield an empty hidden folder, and put it in the place of `path` when the block succeeds.

    The old folder is moved aside before the new one moves in, and removed last. After a kill, the next reader or writer
    calls `finish_replacement`. Two processes must not replace the same folder at the same time.

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
    new, old = _reserved(path)
    try:
        finish_replacement(path)
        with scratch_folder(path.parent, path.name) as draft:
            yield draft
            for leftover in (new, old):
                shutil.rmtree(leftover, ignore_errors=True)
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
    except OSError as error:
        raise disk_error(error, path) or error from error


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
    try:
        with scratch_folder(path.parent, path.name) as scratch:
            path.rename(scratch / path.name)
    except OSError as error:
        raise disk_error(error, path) or error from error


def _reserved(path: Path) -> tuple[Path, Path]:
    """Return the hidden names of the new and of the old folder, in the order in which a reader prefers them."""
    return path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.old")


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder in a hidden one below `parent`; whatever the block leaves there is removed.

    Args:
        parent: A folder on the disk that the result is for; it is created if needed.
        name: What the folder is for, as part of the hidden folder's name.
    """
    parent.mkdir(parents=True, exist_ok=True)
    hidden = Path(tempfile.mkdtemp(dir=parent, prefix=f".{name}-"))
    try:
        folder = hidden / "new"
        folder.mkdir()  # with ordinary permissions, unlike the folder of mkdtemp
        yield folder
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
