"""Find the columns by which images can be grouped: attributes, the source, and what the image files themselves tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from chestnut.data.decoding.headers import read_facts
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, listed, suggest

#: Columns that every data set has, since they are read from the headers of its files.
FILE_COLUMNS = ("format", "megapixels")

# Other names of the column `source`; see `sources.table`.
_SOURCES = ("source", "hospital", "site", "collection")


def known_columns(manifest: Manifest) -> tuple[str, ...]:
    """Return the names of the columns by which the images can be grouped."""
    source = ("source",) if (manifest.frame["source"] != "").any() else ()
    own = (*manifest.attributes, *source)
    return (*own, *(name for name in FILE_COLUMNS if name not in own))


def find_columns(manifest: Manifest, names: Iterable[str], argument: str = "by") -> tuple[str, ...]:
    """Return the columns that a user has named, each once; upper and lower case do not matter.

    Args:
        manifest: The images.
        names: The names.
        argument: The argument that has them, for the message.

    Raises:
        DataError: There is no such column; the message names those that there are.
    """
    known = known_columns(manifest)
    return tuple(dict.fromkeys(_find(name, known, argument) for name in names))


def _find(name: str, known: Sequence[str], argument: str) -> str:
    if name in known:
        return name
    plain = {column.casefold(): column for column in known}
    wanted = name.strip().casefold()
    if wanted not in plain and wanted in _SOURCES:
        wanted = "source"
    if wanted not in plain:
        hint = suggest(wanted, plain)
        near = f"{hint} " if hint.startswith("did") else ""
        raise DataError(f"{argument}={name}: the images have no such column; {near}there are {listed(known, 12)}")
    return plain[wanted]


def read_columns(manifest: Manifest, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the cells of columns, an empty text where nothing is known.

    Args:
        manifest: The images.
        names: Names that `find_columns` returned. The headers of the image files are read only if one needs it.
    """
    held = {name: manifest.frame[name].tolist() for name in names if name in manifest.frame}
    if any(name not in held for name in names):
        held = file_columns(read_facts(manifest.paths)) | held
    return {name: held[name] for name in names}


def file_columns(facts: pd.DataFrame) -> dict[str, list[str]]:
    """Return the cells of `FILE_COLUMNS` from what `read_facts` returned."""
    sizes = facts["width"].astype(float) * facts["height"].astype(float) / 1e6
    return {"format": facts["format"].tolist(), "megapixels": [f"{size:.4g}" if size else "" for size in sizes]}
