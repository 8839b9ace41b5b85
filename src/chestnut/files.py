"""Files written beside their place and moved into it, so that a reader never sees half a file.

May be called by every room; calls nothing but `errors`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chestnut.errors import DataError, DiskError

_DISK_ERRORS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the largest file allowed is reached",
}


def disk_error(error: OSError, path: Path) -> DiskError | None:
    """Turn an operating system error about space or permission into chestnut's own; None for any other."""
    if error.errno in _DISK_ERRORS:
        return DiskError(f"cannot write {path}: {_DISK_ERRORS[error.errno]}; free some space or choose another folder")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DiskError(f"cannot write {path}: no permission to write there; choose another folder")
    return None


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


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
