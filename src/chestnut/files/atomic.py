"""Files written beside their place and moved into it, so that a reader never sees half a file.

May be called by every room; calls nothing but `errors`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chestnut.errors import DataError, DiskError, RunError

_DISK_ERRORS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the largest file allowed is reached",
}
#: What NumPy says where less was written than it gave, without the system's reason.
_SHORT = re.compile(r"\d+ requested and \d+ written")


def disk_error(error: OSError, path: Path) -> DiskError | None:
    """Turn an operating system error about space or permission into chestnut's own; None for any other."""
    if error.errno in _DISK_ERRORS or _SHORT.search(str(error)):
        reason = _DISK_ERRORS[error.errno or errno.ENOSPC]
        return DiskError(f"cannot write {path}: {reason}; free some space or choose another folder")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DiskError(f"cannot write {path}: no permission to write there; choose another folder")
    return None


def mentions_full_disk(text: str) -> bool:
    """Whether an error that came as text, from another process, tells of a disk without space."""
    known = (said for code, words in _DISK_ERRORS.items() for said in (words, os.strerror(code)))
    return _SHORT.search(text) is not None or any(said in text for said in known)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it into place when the block ends well.

    Args:
        path: Where the file is to stand; its folder is made where it is missing.

    Raises:
        DiskError: The disk is full or may not be written; nothing is left behind.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise disk_error(error, path) or error from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a hidden folder, and move what it holds to `folder` when the block ends well.

    Args:
        folder: A folder that does not exist yet, or an empty one.

    Raises:
        DataError: It holds files, or cannot be made.
        DiskError: The disk is full or may not be written; nothing is left behind.
    """
    temporary: Path | None = None
    try:
        empty = folder.is_dir() and not any(folder.iterdir())
        if not empty and (folder.exists() or folder.is_symlink()):
            kind = "holds files already" if folder.is_dir() else "is a file"
            raise DataError(f"{folder} {kind}; name a new folder or an empty one")
        home = folder if empty else folder.parent
        home.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=home, prefix=f".{folder.name}-"))
        place = temporary / "images"
        place.mkdir()  # with ordinary permissions, which a folder from mkdtemp has not
        yield place
        if empty:
            for path in sorted(place.iterdir()):
                path.rename(folder / path.name)
        else:
            place.rename(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise disk_error(error, folder) or DataError(f"{folder} cannot be made ({reason}); name another one") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON atomically; NaN and infinity become null."""
    write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """Indented JSON that any reader accepts: NumPy scalars become numbers, NaN and infinity become null.

    >>> print(json_text({"auroc": float("nan")}))
    {
      "auroc": null
    }
    <BLANKLINE>
    """
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: The file is not JSON.
        FileNotFoundError: There is no such file.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not valid JSON ({error}); restore it or make it anew") from error


@contextmanager
def alone(lock: Path, said: str | None = None) -> Iterator[None]:
    """Keep other processes out of the block meanwhile; one that dies gives the lock free.

    Args:
        lock: A file made for it; its folder is made where it is missing.
        said: What the error says where another process holds it; None waits until it is free.

    Raises:
        RunError: Another process holds it.
        DiskError: The file cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where two processes are not told apart
        yield
        return
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = lock.open("w")
    except OSError as error:
        raise disk_error(error, lock) or error from error
    with held as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if said else 0))
        except OSError as error:
            if said:
                raise RunError(said) from error  # else a disk without locks
        yield


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
