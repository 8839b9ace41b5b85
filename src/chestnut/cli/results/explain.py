"""`chestnut explain`: show where the network of a run looked in images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, out, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.explain.map_folder import MapFile

#: The most rows of the table.
_SHOWN = 30


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    files: Annotated[
        list[str], typer.Argument(metavar="FILES", help="Images, folders of images, or patterns in quotes.")
    ],
    of: Annotated[
        str | None,
        typer.Option("--class", metavar="CLASS", help="The class to explain. [default: the positive, or likeliest]"),
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", metavar="METHOD", help="activation, occlusion, or auto for the first if possible."),
    ] = "auto",
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="OUT", help="A new folder, or an empty one. [default: RUN/explain]"),
        Output(folder=True),
    ] = None,
    json: JsonOption = None,
) -> None:
    """Draw which places of FILES speak for a class, by the network of RUN: each image beside itself with a heat map.

    Where a network averages maps before its last layer, as that of cnn-gap does, the map is exact. Elsewhere,
    part after part is hidden, and the map shows how much less sure the network becomes.
    """
    from chestnut.api.run import open_run

    maps = open_run(run).explain(files, to=folder, of=of, method=method, display=TerminalDisplay())  # type: ignore[arg-type]  # checked there
    place = folder or run / "explain"
    if emit({"run": str(run), "out": str(place), "maps": [one._asdict() for one in maps]}, json):
        out.print(maps_table(maps[:_SHOWN], place))
        if len(maps) > _SHOWN:
            out.print(f"… and {len(maps) - _SHOWN:,} more in {place / 'maps.json'}", markup=False, soft_wrap=True)
        print_notes(sorted({f"{one.method}: {one.meaning}" for one in maps}))
        print_notes(["a map shows what this network uses, not where the disease is"])
        out.print("Not a medical device.", style="dim")


def maps_table(maps: list[MapFile], folder: Path) -> Table:
    """Return a table of maps, one row an image."""
    made = table(f"Maps in {folder}", ("picture", "class", "probability", "decision", "method", "evidence"))
    for one in maps:
        evidence = "yes" if one.evidence else "none"
        made.add_row(one.file, one.of, f"{one.probability:.3f}", one.decision, one.method, evidence)
    return made
