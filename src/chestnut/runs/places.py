"""Find and name the place of a new run."""

from __future__ import annotations

from pathlib import Path

from chestnut.errors import RunError
from chestnut.names import require_name


def require_free(path: Path) -> None:
    """Check that a new run can be written to a path.

    Raises:
        RunError: The path exists and is not an empty folder, or its last part is not a plain name.
    """
    if path.name not in ("", ".."):
        require_name(path.name, "the folder's name", RunError)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists already; choose another name, or resume it if it was stopped")


def named_folder(parent: Path, name: str) -> Path:
    """Return the folder of a name.

    Args:
        parent: The folder of runs that it is in.
        name: Its name.

    Raises:
        RunError: The name is not a plain one, and could lead out of the parent.

    >>> named_folder(Path("runs"), "../../x")
    Traceback (most recent call last):
    chestnut.errors.RunError: the name '../../x': it contains /, which separates folders; give a name of at most ...
    """
    return parent / require_name(name, "the name", RunError)


def free_folder(parent: Path, name: str) -> Path:
    """Return `<parent>/<name>-<number>` with the first number, from 1, that is not taken."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
