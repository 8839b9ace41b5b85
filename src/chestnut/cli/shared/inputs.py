"""Whether a command reads a file, from the values of its options: images, tables, recipes, data sets and runs."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Besides its images, a folder may have these read: DICOM files without an ending, and archives.
_READ = frozenset({"", ".npz"})

#: What separates the cells of a table.
_BETWEEN = re.compile(r"[,;\t\n\r]")


def reads(value: Any, file: Path) -> bool:
    """Return whether the value of an option or argument names a file, or something that it is read with.

    Args:
        value: The value: a path, a pattern, a text such as `KEY=PATH` or `A,B`, or a list of these.
        file: An existing file.
    """
    if isinstance(value, list | tuple):
        return any(reads(one, file) for one in value)
    if not isinstance(value, str | Path):
        return False
    return any(_includes(path, file) for path in _named(str(value)))


def _named(text: str) -> Iterator[Path]:
    """Yield every existing path that a text may name."""
    words = {text, *text.split(","), text.partition("=")[2], *text.partition("=")[2].split(",")}
    for word in sorted(words - {""}):
        try:
            found = [word] if Path(word).exists() else glob.glob(word, recursive=True)  # noqa: PTH207 -- may be absolute
        except (OSError, ValueError):  # too long for a path, or with characters that none has
            continue
        yield from map(Path, found)


def _includes(path: Path, file: Path) -> bool:
    if path.is_file():
        return _is(path, file) or (path.suffix.lower() == ".csv" and _lists(path, file))
    manifest = path / "manifest.csv"
    if manifest.is_file() and _lists(manifest, file):
        return True
    return _is_image(file) and path.is_dir() and _contains(path, file)


def _is_image(file: Path) -> bool:
    from chestnut.data.formats import DICOM_SUFFIXES, PICTURE_SUFFIXES

    return file.suffix.lower() in PICTURE_SUFFIXES | DICOM_SUFFIXES | _READ


def _contains(folder: Path, file: Path) -> bool:
    """Return whether a file is below a folder, itself or by a link."""
    if Path(os.path.realpath(folder)) in Path(os.path.realpath(file)).parents:
        return True
    return any(_is(Path(place, name), file) for place, _, names in os.walk(folder) for name in names)


def _lists(table: Path, file: Path) -> bool:
    """Return whether a cell of a CSV names a file, by a path from the CSV's folder or from the root."""
    try:
        text = table.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return False
    cells = {cell.strip().strip('"').partition("#")[0] for cell in _BETWEEN.split(text)}
    return any(_is(table.parent / cell, file) for cell in cells if cell)


def _is(path: Path, file: Path) -> bool:
    try:
        return path.samefile(file)
    except (OSError, ValueError):  # it is no path
        return False
