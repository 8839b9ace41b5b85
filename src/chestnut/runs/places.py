"""Find, name and take the place of a new run, and keep other files out of the places of runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from chestnut.errors import RunError, TakenError
from chestnut.files.temporary import sweep
from chestnut.names import require_name

#: The files by which folders are recognised in which only chestnut writes.
_MARKS = {
    "run": (("environment.json", "recipe.toml"),),
    "study": tuple((plan, "manifest.csv") for plan in ("plan.json", "crossplan.json", "tuneplan.json")),
}


def require_outside_runs(path: Path, option: str = "") -> None:
    """Check that a file is not inside the folder of a run or of a study, where a file of its own could be lost.

    Args:
        path: A file or folder that is about to be written; its links are followed.
        option: The option that names it, for the message.

    Raises:
        RunError: It is inside such a folder.
    """
    for folder in path.resolve().parents:
        for kind, marks in _MARKS.items():
            if any(all((folder / name).is_file() for name in names) for names in marks):
                given = f"{option} {path}".strip()
                raise RunError(f"{given}: it is inside the {kind} {folder}, where only chestnut writes; name another")


def is_same_name(one: Path, other: Path) -> bool:
    """Return whether two paths name the same file of a folder, whatever a link of that name leads to."""
    return one.name == other.name and one.parent.resolve() == other.parent.resolve()


def require_free(path: Path) -> None:
    """Check that a new run can be written to a path.

    Raises:
        RunError: The last part of the path is not a plain name.
        TakenError: The path exists and is not an empty folder.
    """
    if path.name not in ("", ".."):
        require_name(path.name, "the folder's name", RunError)
    sweep(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise TakenError(f"{path} exists already; choose another name, or resume it if it was stopped")


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
    while os.path.lexists(parent / f"{name}-{number}"):
        number += 1
    return parent / f"{name}-{number}"


def take_folder(folder: Path, make: Callable[[Path], None], *, numbered: bool) -> Path:
    """Make a folder, under the next free number if another process has taken its name meanwhile.

    Args:
        folder: The path of the folder.
        make: A function that makes a folder, complete, at a path.
        numbered: Whether `free_folder` chose the name; a name that the user chose is never changed.

    Returns:
        The path of the folder that was made.

    Raises:
        TakenError: The name is taken and is not a number's.
    """
    while True:
        try:
            make(folder)
        except TakenError:
            if not numbered:
                raise
            folder = free_folder(folder.parent, folder.name.rpartition("-")[0])
        else:
            return folder
