"""`chestnut import`: a run of a network that another program trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.runs.folder import RunFolder


@with_data_options
def command(
    file: Annotated[Path, typer.Argument(metavar="MODEL", help="A .h5 or .keras file of a whole network.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help="Labelled images that become the run's own.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", metavar="A,B", help="What each output means; of one sigmoid, what 0 and 1 mean."),
    ] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", metavar="0-255|0-1|-1-1", help="The grey values it was trained on.")
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="N|HxW", help="Its input in pixels, if the file does not say it.")
    ] = None,
    resize: Annotated[
        str, typer.Option("--resize", metavar="stretch|fit", help="How its program brought images to that size.")
    ] = "stretch",
    resample: Annotated[
        str,
        typer.Option(
            "--resample", metavar="RULE", help="How it resized pixels: area, nearest, linear, bilinear or bicubic."
        ),
    ] = "area",
    channels: Annotated[
        int | None, typer.Option("--channels", metavar="1|3", help="Its channels, if the file does not say it.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="CSV", help="Its program's answers: path and probability.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The run's name; by default that of the file and a number.")
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder for the runs.")] = Path("runs"),
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Make a run of a network that another program trained and saved with Keras 2 or 3; nothing is trained.

    The file may come from a stranger: its layers are checked, and it is opened in a process of its own. The import
    fails unless the network gives the same probabilities as before.
    """
    from chestnut.api.importing import import_model
    from chestnut.importing.terms import parse_size
    from chestnut.runs.places import named_folder

    run = import_model(
        file,
        None if data is None else options.reader(data),
        classes=None if classes is None else [one.strip() for one in classes.split(",")],
        scale=scale,
        size=None if size is None else parse_size(size),
        positive=options.positive,
        resize=resize,
        resample=resample,
        channels=channels,
        reference=reference,
        path=None if name is None else named_folder(runs, name),
        runs=runs,
        skip_bad=options.skip_bad,
        display=TerminalDisplay(),
        command=command_line(),
    )
    made = run.folder
    result = {"run": str(run.path), **made.record.to_dict(), "data": made.facts}
    if emit(result, json):
        out.print(imported_table(made))
        print_notes(made.facts["notes"])
        print_next_for(made)


def imported_table(run: RunFolder) -> Table:
    """Return what was taken from a file, and how it was checked."""
    size, record, facts = run.recipe.input, run.record, run.facts
    made = table(str(run.path), ("", ""))
    made.show_header = False
    if (found := record.imported) is None:
        return made
    for name, value in (
        ("file", f"{found.file}, {found.bytes:,} bytes, Keras {found.keras}"),
        ("SHA-256", found.sha256),
        ("input", f"{size.height}×{size.width}×{size.channels}, {size.resize}, {size.resample}"),
        ("classes", ", ".join(facts["classes"])),
        ("positive", facts["positive"] or "–"),
        ("parameters", f"{record.parameters or 0:,}"),
        ("checked", found.parity),
        ("original program", found.trust),
    ):
        made.add_row(name, value)
    return made
