"""`chestnut tables`: write the tables that a paper needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.output import JsonOption, emit, out


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="csv, latex or xlsx, one workbook for all tables.")
    ] = "csv",
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="OUT", help="A new folder, or an empty one. [default: RUN-tables]"),
        Output(folder=True),
    ] = None,
    identities: Annotated[
        bool, typer.Option("--identities", help="Show the names of folders in commands, not …")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Write the tables of RUN: who is in the data, metrics with intervals, confusion, calibration, subgroups, shifts.

    A figure and the two ends of its 95 % interval have a column each in CSV and XLSX, and share a cell in LaTeX.
    """
    from chestnut.api.run import open_run

    files = open_run(run).write_tables(folder, form, identities=identities)
    if emit({"run": str(run), "format": form, "files": [str(file) for file in files]}, json):
        for file in files:
            out.print(str(file), markup=False, soft_wrap=True)
