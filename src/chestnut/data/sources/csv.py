"""Read images from a CSV of paths and labels, such as a manifest of chestnut."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from chestnut.data.formats import DICOM_SUFFIXES, FORMATS, PICTURE_SUFFIXES
from chestnut.data.left_out import LeftOut
from chestnut.data.sources.dicom_header import read_headers, with_headers
from chestnut.data.sources.record import Found, Image
from chestnut.data.sources.scan import absolute, below, is_file, suffix
from chestnut.data.sources.table import Columns, Table, read_table
from chestnut.errors import DataError
from chestnut.names import is_safe


def read_csv(file: str, columns: Columns, skip_bad: bool = False) -> Found:
    """Read a CSV of images.

    Args:
        file: The CSV. Relative paths in it start at its folder.
        columns: The names of its columns, where they are not the usual ones.
        skip_bad: Whether to leave out, with a note, rows that would otherwise be refused.

    Raises:
        DataError: A column is missing; or, unless `skip_bad`, a row has no path or label, a file does not exist or is
            not an image, or a path has control characters.
    """
    table, notes = read_table(file, columns)
    table.need("path")
    table.need("label")
    folder = str(Path(absolute(file)).parent)
    table, faults, left_out = _drop_bad_rows(table, folder, skip_bad)
    images = [
        Image(_absolute(cell, folder), below(cell, folder), **row, origin="column" if row.get("patient") else "")
        for cell, row in zip(table.cells["path"], table.records(), strict=True)
    ]
    named = ", ".join(f"{part} from {name!r}" for part, name in table.columns.items() if part != "uid")
    all_notes = (f"columns of {Path(file).name}: {named}", *notes, *faults)
    return Found(tuple(with_headers(images, read_headers(images))), all_notes, left_out)


def _drop_bad_rows(table: Table, folder: str, skip_bad: bool) -> tuple[Table, tuple[str, ...], tuple[LeftOut, ...]]:
    """Return the usable rows, and notes on the others and their number; a row is named for its first fault."""
    cells = table.cells["path"]
    elsewhere = f"paths start at {folder}; or give the images' folder as the data and labels={table.file}"
    faults: list[tuple[pd.Series[bool], str, str]] = [
        (cells == "", "have no path", "fill it in"),
        (table.cells["label"] == "", "have no label", "fill it in"),
        (~cells.map(is_safe), "have a control character in their path", "rename the file"),
        (~cells.map(_may_be_image), f"name a file that is not {FORMATS}", "convert it"),
        (~cells.map(lambda cell: is_file(_absolute(cell, folder))), "name a file that does not exist", elsewhere),
    ]
    kept = pd.Series(True, index=cells.index)
    notes, left_out = [], []
    for found, what, remedy in faults:
        faulty = found & kept
        if not faulty.any():
            continue
        fault = f"{table.file}: {int(faulty.sum()):,} rows {what}: {table.lines(faulty, 'path')}"
        if not skip_bad:
            raise DataError(f"{fault}; {remedy}, or leave such rows out with skip_bad=True")
        notes.append(f"{fault}; left out")
        owners = table.cells["patient"][faulty].nunique() if "patient" in table.cells else None
        left_out.append(LeftOut(what, int(faulty.sum()), owners))
        kept &= ~faulty
    return table.where(kept), tuple(notes), tuple(left_out)


def _absolute(cell: str, folder: str) -> str:
    return absolute(str(Path(folder, cell)))


def _may_be_image(cell: str) -> bool:
    ending = suffix(cell)
    return ".npz#" in cell or ending in PICTURE_SUFFIXES | DICOM_SUFFIXES or not ending or ending[1:].isdigit()
