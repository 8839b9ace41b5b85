"""Find a place for a new run."""

from __future__ import annotations

from pathlib import Path

from chestnut.errors import RunError


def require_free(path: Path) -> None:
    """Check that a new run can be written to a path.

    Raises:
        RunError: The path exists and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists already; choose another name, or resume it if it was stopped")


def free_folder(parent: Path, name: str) -> Path:
    """Return `<parent>/<name>-<number>` with the first number, from 1, that is not taken."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
