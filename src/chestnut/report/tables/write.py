"""Write the tables of a run into a folder or a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from chestnut.figures.flow import flow_figure
from chestnut.figures.saving import Format as FigureFormat
from chestnut.figures.saving import save_as
from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text
from chestnut.files.folders import new_folder
from chestnut.report.tables.latex import latex
from chestnut.report.tables.table import Table
from chestnut.report.tables.workbook import write_workbook
from chestnut.runs.flow import Flow

#: The formats in which tables are written.
Format = Literal["csv", "latex", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)

#: The name of the workbook.
WORKBOOK = "tables.xlsx"


def write_tables(tables: Sequence[Table], folder: Path, form: Format, flow: Flow | None = None) -> tuple[str, ...]:
    """Write tables into a new folder, or an empty one.

    Args:
        tables: The tables.
        folder: The folder, which appears complete or not at all.
        form: The format: a file for each table, or a workbook for all.
        flow: The way of images and patients, to be drawn beside them: as PDF for LaTeX, otherwise as SVG.

    Returns:
        The names of the files.

    Raises:
        DataError: The folder contains files.
        DiskError: The disk is full or not writable.
    """
    with new_folder(folder) as draft:
        if form == "xlsx":
            write_workbook(tables, draft / WORKBOOK)
        for table in tables if form == "csv" else ():
            write_text(draft / f"{table.name}.csv", to_csv(table))
        for table in tables if form == "latex" else ():
            write_text(draft / f"{table.name}.tex", latex(table))
        if flow is not None:
            drawn: FigureFormat = "pdf" if form == "latex" else "svg"
            save_as(flow_figure(flow), draft / f"flow.{drawn}", drawn)
        return tuple(sorted(item.name for item in draft.iterdir()))


def to_csv(table: Table) -> str:
    r"""Return a table as the text of a CSV; a figure and the two ends of its interval have a column each.

    >>> to_csv(Table.of("t", "T", ["class", "images"], [["A", 3], ["B", None]]))
    'class,images\nA,3\nB,\n'
    """
    columns, rows = table.spread()
    return csv_text(pd.DataFrame(list(rows), columns=list(columns), dtype=object))
