"""Read a CSV and find out which columns contain the path, the label, the patient, the split and the source."""

from __future__ import annotations

import re
import warnings
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO, cast

import pandas as pd

from chestnut.data.attributes import MOST_ATTRIBUTES, MOST_CELLS, MOST_EXAMINED, MOST_TEXTS, describes_groups
from chestnut.data.decoding.limits import (
    MB,
    MOST_CELL_CHARACTERS,
    MOST_COLUMNS,
    MOST_HEADING_BYTES,
    MOST_ROWS,
    MOST_TABLE_BYTES,
)
from chestnut.data.decoding.regular_file import open_regular
from chestnut.data.sources.record import split_named
from chestnut.errors import DataError, ImageError, listed, suggest
from chestnut.names import shown

#: The usual column names, most likely first, in lower case and with letters and digits only.
USUAL: dict[str, tuple[str, ...]] = {
    "path": (
        "path",
        "filepath",
        "imagepath",
        "file",
        "filename",
        "image",
        "imageindex",
        "imagename",
        "xrayimagename",
        "img",
    ),
    "label": ("label", "class", "classname", "findinglabels", "finding", "target", "diagnosis"),
    "patient": ("patient", "patientid", "subject", "subjectid"),
    "split": ("split", "datasettype", "subset"),
    "source": ("source", "hospital", "site", "collection"),
    "uid": ("sopinstanceuid",),
    "copy_of": ("copyof",),
}


#: The words that programs write for a missing label, patient or other fact, in lower case.
_MISSING = frozenset({"nan", "<na>", "#n/a", "n/a", "na", "null"})

_FAULTS: tuple[type[Exception], ...] = (
    pd.errors.ParserError,
    pd.errors.EmptyDataError,
    UnicodeError,
    OSError,
    MemoryError,
    OverflowError,
    ValueError,
)


@dataclass(frozen=True)
class Columns:
    """The names of a CSV's columns; for None, the usual names are tried.

    Attributes:
        path: The column of image paths, absolute or relative to the CSV's folder.
        label: The column of class names.
        patient: The column of patient identities.
        split: The column of splits: train, val (or valid, validation), test or empty.
        source: The column of hospitals, scanners or collections.
    """

    path: str | None = None
    label: str | None = None
    patient: str | None = None
    split: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Table:
    """The cells of a CSV.

    Attributes:
        file: The path of the CSV.
        cells: The cells as stripped text, with those columns of path, label, patient, split, source and uid that exist.
        columns: The name in the file of each column in `cells`.
        names: The names of all columns in the file.
        others: The cells of the columns that are none of these parts, by their names in the file.
    """

    file: str
    cells: pd.DataFrame
    columns: dict[str, str]
    names: tuple[str, ...]
    others: pd.DataFrame

    def need(self, part: str) -> None:
        """Check that the table has a column.

        Raises:
            DataError: The column was neither given nor recognised; the message lists those that exist.
        """
        if part not in self.columns:
            others = listed(self.names, 12)
            raise DataError(f"{self.file} has no {part} column; it has {others}; name one, as in Columns({part}=NAME)")

    def lines(self, rows: pd.Series[bool], part: str) -> str:
        """Describe some rows for a message: their line in the file, where the heading is line 1, and one cell."""
        cells = self.cells[part][rows]
        return listed(
            (f"line {int(line) + 2} ({shown(cell)})" for line, cell in zip(cells.index, cells, strict=True)), 3
        )

    def records(self) -> list[dict[str, Any]]:
        """Return label, patient, split and source of each row, as far as the table has them, and its attributes."""
        parts = [part for part in ("label", "patient", "split", "source", "copy_of") if part in self.cells]
        rows = cast(list[dict[str, Any]], self.cells[parts].to_dict("records"))
        others = cast(list[dict[str, str]], self.others.to_dict("records"))
        return [{**row, "attributes": tuple(other.items())} for row, other in zip(rows, others, strict=True)]

    def where(self, rows: pd.Series[bool]) -> Table:
        """Return the table with only those rows for which `rows` is true."""
        return replace(self, cells=self.cells[rows], others=self.others[rows])


def read_table(file: str, columns: Columns) -> tuple[Table, tuple[str, ...]]:
    """Read a CSV that is separated by commas, semicolons or tabs; its first line shows by which.

    Returns:
        The table, with splits written as train, val, test or empty, and notes for the user.

    Raises:
        DataError: The file is not a table in UTF-8, has no rows, lacks a column given by name, or has words that are
            not splits in a split column given by name.
    """
    try:
        with open_regular(file, MOST_TABLE_BYTES) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # cells beyond the last heading have no name
            cells = pd.read_csv(
                stream,
                sep=find_separator(file, stream),
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",
                index_col=False,
                nrows=MOST_ROWS + 1,
            )
    except ImageError as error:
        raise DataError(f"{file} cannot be read as a table ({error.reason}); save it as a CSV in UTF-8") from error
    except _FAULTS as error:
        raise DataError(f"{file} cannot be read as a table ({_one_line(error)}); save it as a CSV in UTF-8") from error
    if len(cells) > MOST_ROWS:
        raise DataError(f"{file} has more than {MOST_ROWS:,} rows, the limit; divide it")
    if cells.empty:
        raise DataError(f"{file} has no rows below its heading; give a row for each image")
    cells.columns = pd.Index([str(name).strip() for name in cells.columns])
    if not cells.columns.is_unique:
        cells = cells.loc[:, ~cells.columns.duplicated()]
    names = tuple(cells.columns)
    chosen = _choose_columns(file, names, columns)
    text = pd.DataFrame({part: _clean(cells[name], part) for part, name in chosen.items()}, index=cells.index)
    others = [name for name in names if name not in chosen.values()]
    table = Table(file, text, chosen, names, _read_others(cells[others[:MOST_EXAMINED]]))
    _check_lengths(table)
    return _normalise_splits(table, named=columns.split is not None) if "split" in chosen else (table, ())


def find_separator(file: str, stream: BinaryIO) -> str:
    """Return the separator in the heading of a table, and check what can be known before the table is read.

    Args:
        file: The table, for messages.
        stream: Its content, which is at its start again afterwards.

    Raises:
        DataError: The heading is too long or has too many columns, or the file has zero bytes, as UTF-16 does.
    """
    start = stream.read(MOST_HEADING_BYTES + 1)
    heading = re.split(rb"[\r\n]", start, maxsplit=1)[0]
    separator = max(",;\t", key=lambda mark: heading.count(mark.encode()))
    if len(heading) > MOST_HEADING_BYTES:
        raise DataError(
            f"{file}: the first line has more than {MOST_HEADING_BYTES:,} bytes; give a table with headings"
        )
    columns = heading.count(separator.encode()) + 1
    if columns > MOST_COLUMNS:
        raise DataError(f"{file} has {columns:,} columns, more than the limit of {MOST_COLUMNS:,}; keep those needed")
    while start:
        if b"\0" in start:
            raise DataError(f"{file} has zero bytes, as text in UTF-16 does; save it as a CSV in UTF-8")
        start = stream.read(MB)
    stream.seek(0)
    return separator


def _clean(cells: pd.Series[str], part: str) -> pd.Series[str]:
    """Return cells without blanks around them; a word that stands for a missing value becomes empty."""
    text = cells.fillna("").str.strip()
    return text if part in ("path", "copy_of") else text.mask(text.str.lower().isin(_MISSING), "")


def _read_others(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of columns that may be attributes: numbers, or few different texts, and none of them long."""
    most = min(MOST_ATTRIBUTES, MOST_CELLS // len(cells))
    kept: dict[str, pd.Series[str]] = {}
    for name in cells:
        column = _clean(cells[name], str(name))
        if len(kept) < most and describes_groups(column, MOST_TEXTS):
            kept[str(name)] = column
    return pd.DataFrame(kept, index=cells.index)


def _check_lengths(table: Table) -> None:
    for part, name in table.columns.items():
        lengths = table.cells[part].str.len().to_numpy()
        if lengths.max() > MOST_CELL_CHARACTERS:
            row = int(lengths.argmax())
            raise DataError(
                f"{table.file}: line {row + 2} has {lengths[row]:,} characters in the column {shown(name)}, more than "
                f"the limit of {MOST_CELL_CHARACTERS:,}; correct it"
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def plain_name(name: str) -> str:
    """Return the letters and digits of a column's name, in lower case.

    >>> plain_name("Image Index")
    'imageindex'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _choose_columns(file: str, names: tuple[str, ...], columns: Columns) -> dict[str, str]:
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(plain_name(name), name)
    chosen: dict[str, str] = {}
    for part, usual in USUAL.items():
        for guess in usual:
            if guess in plain:
                chosen.setdefault(part, plain[guess])
    for part, name in asdict(columns).items():
        if name is not None and name not in names:
            raise DataError(f"{file} has no column {name!r} for the {part}; {suggest(name, names)}")
        if name is not None:
            chosen[part] = name
    return chosen


def _normalise_splits(table: Table, named: bool) -> tuple[Table, tuple[str, ...]]:
    """Write splits as train, val or test; ignore a column with other words that was not given by name."""
    splits = table.cells["split"].map(lambda cell: split_named(cell) if cell else "")
    odd = splits.isna()
    if not odd.any():
        return replace(table, cells=table.cells.assign(split=splits)), ()
    fault = f"in the column {table.columns['split']!r}, {table.lines(odd, 'split')} is not train, val or test"
    if named:
        raise DataError(f"{table.file}: {fault}; write one of these, or leave the cell empty")
    columns = {part: name for part, name in table.columns.items() if part != "split"}
    return replace(table, cells=table.cells.drop(columns="split"), columns=columns), (f"no split read: {fault}",)
