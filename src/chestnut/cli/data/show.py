"""`chestnut show`: draw sample images of every class into a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.data_options import DataArgument, DataOptions, with_data_options
from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.output import JsonOption, emit, out, print_next
from chestnut.errors import DataError
from chestnut.limits import MOST_SEED


@with_data_options
def command(
    data: DataArgument,
    output: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The picture to write; its name ends in .png."), Output()
    ] = Path("samples.png"),
    each: Annotated[int, typer.Option("--each", min=1, max=20, help="Images of each class.")] = 6,
    size: Annotated[int, typer.Option("--size", min=32, max=1024, help="Pixels a side of each image.")] = 224,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Another seed chooses other images.")] = 0,
    lungs: Annotated[
        bool, typer.Option("--lungs", help="Draw over each image where its lungs are found, and their box.")
    ] = False,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Draw a grid of sample images, a few of each class, into a PNG."""
    if output.suffix.lower() != ".png":
        raise DataError(f"cannot draw into {output}; give a name that ends in .png")
    from chestnut.api.data import read_data, show
    from chestnut.data.samples import pick_samples
    from chestnut.figures.saving import save

    manifest = read_data(options.reader(data))
    save(show(manifest, each=each, size=size, seed=seed, lungs=lungs), output, follow=True)
    images = [manifest.paths[row] for row in pick_samples(manifest, each, seed)]
    if emit({"picture": str(output), "images": images}, json):
        out.print(f"{len(images)} images in {output}", markup=False, soft_wrap=True)
        print_next("chestnut", "audit", data, *options.words())
