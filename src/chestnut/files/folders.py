"""Write a whole folder, so that it appears complete or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
