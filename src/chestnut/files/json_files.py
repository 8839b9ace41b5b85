"""Read and write JSON files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from chestnut.errors import DataError
from chestnut.files.atomic import write_text


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, completely or not at all; NaN and infinity become null.

    Raises:
        DiskError: The disk is full or not writable.
    """
    write_text(path, json_text(value))


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: The file is not valid JSON.
        FileNotFoundError: The file does not exist.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is not valid JSON ({error}); restore it from a copy, or repeat the command that wrote it"
        ) from error


def json_text(value: Any) -> str:
    """Return indented JSON that every reader accepts: NumPy scalars become numbers, NaN and infinity become null.

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
