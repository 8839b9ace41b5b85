"""`chestnut augment`: write augmented copies of a data set's images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.data_options import DataArgument, DataOptions, with_data_options
from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, out, print_next
from chestnut.cli.shared.tables import table


@with_data_options
def command(
    data: DataArgument,
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, or an empty one."), Output(folder=True)],
    copies: Annotated[int, typer.Option("--copies", metavar="N", min=1, max=100, help="Copies of each image.")] = 1,
    only_class: Annotated[
        str | None, typer.Option("--only-class", metavar="CLASS", help="Copy only the images of this class.")
    ] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Mirror half of the copies left to right.")] = False,
    rotation: Annotated[
        float,
        typer.Option("--rotation", metavar="DEGREES", min=0, max=180, help="Turn by up to this angle."),
    ] = 5.0,
    shift: Annotated[
        float, typer.Option("--shift", metavar="SHARE", min=0, max=1, help="Shift by up to this share of the side.")
    ] = 0.05,
    zoom: Annotated[
        float, typer.Option("--zoom", metavar="SHARE", min=0, max=0.99, help="Enlarge or shrink by up to this share.")
    ] = 0.1,
    shear: Annotated[
        float, typer.Option("--shear", metavar="DEGREES", min=0, max=89, help="Shear by up to this angle.")
    ] = 0.0,
    brightness: Annotated[
        float, typer.Option("--brightness", metavar="SHARE", min=0, max=1, help="Change by up to this share of white.")
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed makes other copies.")] = 0,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Write augmented copies of DATA's images to OUT. OUT can be given as DATA, and contains images and copies."""
    from chestnut.api.data import augment

    made = augment(
        options.reader(data),
        folder,
        copies=copies,
        only_class=only_class,
        seed=seed,
        flip=flip,
        rotation=rotation,
        shift=shift,
        zoom=zoom,
        shear=shear,
        brightness=brightness,
        display=TerminalDisplay(),
    )
    copied = made.frame["copy_of"] != ""
    counts = {
        name: {
            "images": int(((made.frame["label"] == name) & ~copied).sum()),
            "copies": int(((made.frame["label"] == name) & copied).sum()),
        }
        for name in made.classes
    }
    if emit({"data": str(data), "out": str(folder), "seed": seed, "classes": counts}, json):
        shown = table(
            f"{folder}: copies beside the images of {data}", ("class", "images", "copies"), ("images", "copies")
        )
        for name, count in counts.items():
            shown.add_row(name, f"{count['images']:,}", f"{count['copies']:,}")
        out.print(shown)
        print_next("chestnut", "train", folder)
