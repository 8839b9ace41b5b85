"""`chestnut export`: write the network of a run in other formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, human_bytes, out, print_notes
from chestnut.cli.shared.tables import table
from chestnut.export.format_names import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from chestnut.export.exported import Exported


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="NAME", help=f"{', '.join(FORMATS)}; may be repeated. Default: onnx."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Contains a folder for each format. Default: RUN/export."),
        Output(folder=True),
    ] = None,
    loss: Annotated[
        float, typer.Option("--loss", metavar="0..1", help="How far onnx-int8 may lower the validation AUROC.")
    ] = 0.005,
    changed: Annotated[
        float, typer.Option("--changed", metavar="0..1", help="The share of decisions that onnx-int8 may change.")
    ] = 0.01,
    json: JsonOption = None,
) -> None:
    """Write the network of RUN in other formats, and check that each gives the same answers.

    Beside each lie the classes, the threshold and a README.md that says how to use it without chestnut.
    """
    from chestnut.api.run import open_run

    made = open_run(run).export(formats or "onnx", to, loss=loss, changed=changed, display=TerminalDisplay())
    if emit({"run": str(run), "exports": [{"folder": str(one.folder), **one.to_dict()} for one in made]}, json):
        out.print(exports_table(made))
        print_notes([*(str(one.int8) for one in made if one.int8), *(f"{one.folder}" for one in made)])


def exports_table(made: Sequence[Exported]) -> Table:
    """Return the table of exports, one a line."""
    columns = ("format", "size", "images/s, 1 at a time", "32 at a time", "largest difference")
    found = table("Speed on this computer, and times as fast as Keras", columns, columns[1:])
    for one in made:
        ratio = one.speed.over(one.keras)
        speeds = (f"{rate:,.0f} ({times:.1f}×)" for rate, times in zip(one.speed, ratio, strict=True))
        found.add_row(one.format, human_bytes(one.size), *speeds, f"{one.difference:.1g}")
    return found
