"""Files of arrays: written completely or not at all, and checked against their hash when they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import RunError
from chestnut.files.atomic import replacing
from chestnut.files.hashes import sha256

Arrays = list[npt.NDArray[Any]]


def write_arrays(path: Path, arrays: Arrays) -> str:
    """Write arrays one after the other in NumPy's format; the checksums of an archive would take longer.

    Returns:
        The SHA-256 of the file.

    Raises:
        DiskError: The disk is full or not writable.
    """
    with replacing(path) as temporary:
        with temporary.open("wb") as file:
            for array in (np.array(len(arrays)), *arrays):
                np.save(file, array, allow_pickle=False)
        return sha256(temporary)


def read_arrays(path: Path, expected: str | None) -> Arrays:
    """Read what `write_arrays` wrote.

    Args:
        path: The file.
        expected: The SHA-256 that it had when it was written; None if no hash was kept.

    Raises:
        RunError: The file is missing or cannot be read, or its hash differs.
    """
    try:
        if expected is not None and sha256(path) != expected:
            raise RunError(describe_damage(path, "its hash differs from the one recorded"))
        with path.open("rb") as file:
            return [np.load(file, allow_pickle=False) for _ in range(int(np.load(file, allow_pickle=False)))]
    except FileNotFoundError as error:
        raise RunError(describe_damage(path, "is missing")) from error
    except (OSError, ValueError, TypeError, EOFError, MemoryError) as error:
        raise RunError(describe_damage(path, f"cannot be read: {' '.join(str(error).split())}")) from error


def describe_damage(path: Path, fault: str) -> str:
    """Return the message about a file in `state/` without which a run cannot go on, and what to do."""
    run = path.parent.parent
    what = f"{path} {fault}" if fault == "is missing" else f"{path} was changed or damaged ({fault})"
    return f"{what}; restore it from a copy, or remove {run} and train again"
