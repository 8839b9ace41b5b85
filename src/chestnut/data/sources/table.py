"""A CSV whose columns have been told apart: which holds the path, the label, the patient, the split, the source.

Used within `data` by `csv_source` and `labels`; `Columns` is public.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import asdict, dataclass, replace
from typing import cast

import pandas as pd

from chestnut.data.sources.record import split_named
from chestnut.data.sources.scan import shown
from chestnut.errors import DataError, listed, suggest

#: Usual column names, the likeliest first, in lower case and without anything but letters and digits.
_USUAL: dict[str, tuple[str, ...]] = {
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


@dataclass(frozen=True)
class Columns:
    """Names of a CSV's columns; where one is None, the usual names are tried.

    Attributes:
        path: Path of the image, relative to the CSV's folder or absolute.
        label: Class name.
        patient: Patient identity.
        split: train, val (or valid, validation), test or nothing.
        source: Hospital, scanner or collection.
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
        file: Its path.
        cells: Stripped text; of the columns path, label, patient, split, source and uid those that were found.
        columns: What each of them is called in the file.
        names: What all columns of the file are called.
    """

    file: str
    cells: pd.DataFrame
    columns: dict[str, str]
    names: tuple[str, ...]

    def need(self, part: str) -> None:
        """Refuse a table without one of its columns.

        Raises:
            DataError: The column was neither named nor guessed; those that exist are listed.
        """
        if part not in self.columns:
            others = listed(self.names, 12)
            raise DataError(f"{self.file} has no {part} column; it has {others}: name one, as in --column {part}=NAME")

    def lines(self, rows: pd.Series[bool], part: str) -> str:
        """Some rows for a message: their line in the file, counted from 1 with the heading, and one of their cells."""
        cells = self.cells[part][rows]
        return listed(
            (f"line {int(line) + 2} ({shown(cell)})" for line, cell in zip(cells.index, cells, strict=True)), 3
        )

    def records(self) -> list[dict[str, str]]:
        """What each row says of label, patient, split and source."""
        parts = [part for part in ("label", "patient", "split", "source", "copy_of") if part in self.cells]
        return cast(list[dict[str, str]], self.cells[parts].to_dict("records"))

    def where(self, rows: pd.Series[bool]) -> Table:
        """The rows that are true."""
        return replace(self, cells=self.cells[rows])


def read_table(file: str, columns: Columns) -> tuple[Table, tuple[str, ...]]:
    """Read a CSV; commas, semicolons and tabs are told apart by its first line.

    Returns:
        The table, its splits written train, val, test or nothing, and notes.

    Raises:
        DataError: Not a table in UTF-8, without rows, without a column that was asked for by name, or with a named
            split column that holds other words.
    """
    try:
        with open(file, encoding="utf-8-sig") as stream:
            heading = stream.readline()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # cells beyond the last heading have no name
            cells = pd.read_csv(
                file,
                sep=max(",;\t", key=heading.count),
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",
                index_col=False,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{file} cannot be read as a table ({error}); save it as a CSV in UTF-8") from error
    if cells.empty:
        raise DataError(f"{file} has no rows below its heading; give one row an image")
    cells.columns = pd.Index([str(name).strip() for name in cells.columns])
    names = tuple(cells.columns)
    chosen = _choose(file, names, columns)
    told = pd.DataFrame({part: cells[name].fillna("").str.strip() for part, name in chosen.items()}, index=cells.index)
    table = Table(file, told, chosen, names)
    return _with_splits(table, named=columns.split is not None) if "split" in chosen else (table, ())


def _choose(file: str, names: tuple[str, ...], columns: Columns) -> dict[str, str]:
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[^a-z0-9]", "", name.lower()), name)
    chosen: dict[str, str] = {}
    for part, usual in _USUAL.items():
        for guess in usual:
            if guess in plain:
                chosen.setdefault(part, plain[guess])
    for part, name in asdict(columns).items():
        if name is not None and name not in names:
            raise DataError(f"{file} has no column {name!r} for the {part}; {suggest(name, names)}")
        if name is not None:
            chosen[part] = name
    return chosen


def _with_splits(table: Table, named: bool) -> tuple[Table, tuple[str, ...]]:
    """Write the splits our way; a column that was only guessed to hold them and says other things is passed over."""
    splits = table.cells["split"].map(lambda cell: split_named(cell) if cell else "")
    odd = splits.isna()
    if not odd.any():
        return replace(table, cells=table.cells.assign(split=splits)), ()
    fault = f"in the column {table.columns['split']!r} {table.lines(odd, 'split')} name none of train, val, test"
    if named:
        raise DataError(f"{table.file}: {fault}; write one of them, or nothing")
    columns = {part: name for part, name in table.columns.items() if part != "split"}
    return replace(table, cells=table.cells.drop(columns="split"), columns=columns), (f"no split read: {fault}",)
