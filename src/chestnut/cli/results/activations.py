"""`chestnut activations`: draw what the layers of a network saw of an image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.output import JsonOption, emit, out
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.explain.layers.activations import Activations


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    file: Annotated[Path, typer.Argument(metavar="IMAGE", help="An image.")],
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            metavar="LAYERS",
            help="How many layers, 1 to 12; or their names, with commas. [default: the last of each size of maps]",
        ),
    ] = None,
    member: Annotated[
        int | None, typer.Option("--member", metavar="NUMBER", help="The member of an ensemble, from 1.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The PNG to write. [default: RUN/activations/IMAGE.png]"),
        Output(),
    ] = None,
    json: JsonOption = None,
) -> None:
    """Draw what the layers of the network of RUN saw of IMAGE: the strongest maps of each, and the first filters."""
    from chestnut.api.run import open_run

    found, place = open_run(run).activations(file, layers=read_layers(layers), member=member, to=picture)
    told = {"run": str(run), "image": str(file), "out": str(place), "member": found.member, "members": found.members}
    if emit(told | {"layers": [one.to_dict() for one in found.layers]}, json):
        out.print(layer_table(found, place))
        out.print("A map shows what a layer reacts to, not where the disease is.", style="dim")
        out.print("Not a medical device.", style="dim")


def read_layers(text: str | None) -> int | list[str] | None:
    """Return the layers that an option names: their number, or their names.

    >>> read_layers("3"), read_layers("conv_1,conv_2"), read_layers(None)
    (3, ['conv_1', 'conv_2'], None)
    """
    if text is None:
        return None
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text.split(",")


def layer_table(found: Activations, place: Path) -> Table:
    """Return the layers that were drawn, one a row."""
    title = f"Layers in {place}"
    if found.member:
        title += f": member {found.member}, of {found.members} with convolutions"
    made = table(title, ("layer", "kind", "size", "maps", "the same everywhere", "strongest"))
    for one in found.layers:
        layer = one.layer
        strongest = f"map {one.channels[0] + 1}: {one.maps[0].min():.2g} to {one.maps[0].max():.2g}"
        made.add_row(
            layer.name,
            layer.kind,
            f"{layer.rows} × {layer.columns}",
            f"{layer.channels:,}",
            f"{one.silent:,}",
            strongest,
        )
    return made
