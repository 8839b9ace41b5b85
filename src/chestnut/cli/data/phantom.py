"""`chestnut phantom`: draw synthetic radiographs and write them as a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, human_bytes, out, print_next
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.data.phantom.dataset import Written


def command(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, or an empty one."), Output(folder=True)],
    patients: Annotated[
        int, typer.Option("--patients", metavar="N", help="The number of patients, each with 1 to 4 images.")
    ] = 200,
    size: Annotated[int, typer.Option("--size", metavar="PIXELS", help="Pixels a side, 32 to 2048.")] = 224,
    format: Annotated[
        Literal["jpeg", "png16", "dicom"], typer.Option("--format", help="8-bit JPEG, 16-bit PNG or 12-bit DICOM.")
    ] = "jpeg",
    pneumonia: Annotated[
        float, typer.Option("--pneumonia", metavar="SHARE", help="The share of patients with pneumonia, 0 to 1.")
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other patients.")] = 0,
    json: JsonOption = None,
) -> None:
    """Draw synthetic chest radiographs, normal or with pneumonia, and write them to OUT as class folders."""
    from chestnut.api.data import phantom

    made = phantom(
        folder, patients, size=size, format=format, pneumonia=pneumonia, seed=seed, display=TerminalDisplay()
    )
    if emit(made.to_dict(), json):
        what = f"Synthetic images, {size}×{size} {format}, {human_bytes(made.bytes)} in {folder}"
        out.print(what, markup=False, soft_wrap=True)
        out.print(_counts_table(made))
        print_next("chestnut", "audit", folder)


def _counts_table(written: Written) -> Table:
    """Return the table of patients and images by class."""
    counts = table(None, ("class", "patients", "images"), ("patients", "images"))
    for name in written.images:
        counts.add_row(name, f"{written.patients[name]:,}", f"{written.images[name]:,}")
    counts.add_section()
    counts.add_row("total", f"{sum(written.patients.values()):,}", f"{sum(written.images.values()):,}")
    return counts
