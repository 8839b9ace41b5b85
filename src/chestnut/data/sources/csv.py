"""The images that a CSV of paths and labels names; called by `sources`.

Chestnut's own manifest is read like any other.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from chestnut.data.formats import DICOM_SUFFIXES, FORMATS, PICTURE_SUFFIXES
from chestnut.data.sources.dicom_header import read_headers, with_patients
from chestnut.data.sources.record import Found, Image
from chestnut.data.sources.scan import absolute, below, is_file, is_safe, suffix
from chestnut.data.sources.table import Columns, Table, read_table
from chestnut.errors import DataError


def read_csv(file: str, columns: Columns, skip_bad: bool = False) -> Found:
    """Read a CSV of images.

    Args:
        file: The CSV; relative paths in it are taken from its folder.
        columns: Names of its columns, where they are not the usual ones.
        skip_bad: Leave out, and mention, rows that would otherwise be refused.

    Raises:
        DataError: A column is missing; or, unless `skip_bad`, rows without path or label, files that do not exist or
            are no images, or paths that cannot be written down.
    """
    table, notes = read_table(file, columns)
    table.need("path")
    table.need("label")
    folder = str(Path(absolute(file)).parent)
    table, said = _usable(table, folder, skip_bad)
    images = [
        Image(_absolute(cell, folder), below(cell, folder), **row, origin="column" if row.get("patient") else "")
        for cell, row in zip(table.cells["path"], table.records(), strict=True)
    ]
    unknown = [image for image in images if not image.patient]
    named = ", ".join(f"{part} from {name!r}" for part, name in table.columns.items() if part != "uid")
    said = (f"columns of {Path(file).name}: {named}", *notes, *said)
    return Found(tuple(with_patients(images, read_headers(unknown))), said)


def _usable(table: Table, folder: str, skip_bad: bool) -> tuple[Table, tuple[str, ...]]:
    """The rows without fault, and notes on the others; of a row's faults the first is named."""
    cells = table.cells["path"]
    elsewhere = f"paths are taken from {folder}; or give the images' folder as the data and this table as --labels"
    faults: list[tuple[pd.Series[bool], str, str]] = [
        (cells == "", "have no path", "fill it"),
        (table.cells["label"] == "", "have no label", "fill it"),
        (~cells.map(is_safe), "hold a control character in their path", "rename the file"),
        (~cells.map(_may_be_image), f"name a file that is not {FORMATS}", "convert it"),
        (~cells.map(lambda cell: is_file(_absolute(cell, folder))), "name a file that does not exist", elsewhere),
    ]
    kept = pd.Series(True, index=cells.index)
    notes = []
    for found, what, remedy in faults:
        faulty = found & kept
        if not faulty.any():
            continue
        said = f"{table.file}: {int(faulty.sum()):,} rows {what}: {table.lines(faulty, 'path')}"
        if not skip_bad:
            raise DataError(f"{said}; {remedy}, or leave such rows out with --skip-bad")
        notes.append(f"{said}; left out by --skip-bad")
        kept &= ~faulty
    return table.where(kept), tuple(notes)


def _absolute(cell: str, folder: str) -> str:
    return absolute(str(Path(folder, cell)))


def _may_be_image(cell: str) -> bool:
    ending = suffix(cell)
    return ".npz#" in cell or ending in PICTURE_SUFFIXES | DICOM_SUFFIXES or not ending or ending[1:].isdigit()
