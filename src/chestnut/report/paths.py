"""Shorten paths for a page."""

from __future__ import annotations

import re
from pathlib import Path

_ABSOLUTE = re.compile(r"(?:[a-z]+:)?(?:~|[A-Za-z]:)?[\\/](?![\\/])[^\\/]")


def file_name(path: str) -> str:
    """Return the last part of a path; a row of an archive keeps the archive's name.

    >>> file_name("/data/NORMAL/a.png"), file_name("/data/chest.npz#train/17")
    ('a.png', 'chest.npz#train/17')
    """
    archive, row_mark, row = path.rpartition(".npz#")
    return f"{last_part(archive)}{row_mark}{row}" if row_mark else last_part(path)


def last_part(path: str) -> str:
    r"""Return the last part of a path of any system.

    >>> last_part("/home/jane/chest/"), last_part(r"C:\Users\jane"), last_part("chest")
    ('chest', 'jane', 'chest')
    """
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def is_absolute(path: str) -> bool:
    r"""Tell whether a text is an absolute path, or one from a home folder, of any system.

    >>> is_absolute("/home/jane"), is_absolute(r"C:\Users\jane"), is_absolute("~/chest"), is_absolute("file:/home/a")
    (True, True, True, True)
    >>> is_absolute("runs/first"), is_absolute("https://example.org/a"), is_absolute("/"), is_absolute("train/val")
    (False, False, False, False)
    """
    return _ABSOLUTE.match(path) is not None


def shorten(path: str, own: Path) -> str:
    """Cut an absolute path to its last part, or to the parts from a folder's name on where it is below that folder.

    >>> shorten("/home/jane/chest", Path("/runs/first")), shorten("/runs/first/manifest.csv", Path("/runs/first"))
    ('…/chest', '…/first/manifest.csv')
    """
    if Path(path).is_relative_to(own):
        return f"…/{(own.name / Path(path).relative_to(own)).as_posix()}"
    return f"…/{last_part(path)}" if is_absolute(path) else last_part(path)
