"""`chestnut show`: draw sample images of every class into a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.data_options import DataArgument, DataOptions, with_data_options
from chestnut.cli.shared.output import JsonOption, emit, out, print_next
from chestnut.errors import DataError


@with_data_options
def command(
    data: DataArgument,
    output: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The picture to write; its name ends in .png.")
    ] = Path("samples.png"),
    each: Annotated[int, typer.Option("--each", min=1, max=20, help="Images of each class.")] = 6,
    size: Annotated[int, typer.Option("--size", min=32, max=1024, help="Pixels a side of each image.")] = 224,
    seed: Annotated[int, typer.Option("--seed", help="Another seed chooses other images.")] = 0,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Draw a grid of sample images, a few of each class, into a PNG."""
    if output.suffix.lower() != ".png":
        raise DataError(f"cannot draw into {output}; give a name that ends in .png")
    manifest = options.load(data)
    import numpy as np

    from chestnut.config import InputSpec
    from chestnut.data.decoding.decode import decode
    from chestnut.figures.sample_grid import sample_grid_figure
    from chestnut.figures.saving import save

    random, targets = np.random.default_rng(seed), manifest.targets
    rows = [
        row
        for label in range(len(manifest.classes))
        for row in random.permutation(np.flatnonzero(targets == label))[:each]
    ]
    spec = InputSpec(height=size, width=size, resize="fit")
    pixels = np.stack([decode(manifest.paths[row], spec) for row in rows])
    titles = [manifest.classes[targets[row]] for row in rows]
    save(sample_grid_figure(pixels, titles, each), output)
    if emit({"picture": str(output), "images": [manifest.paths[row] for row in rows]}, json):
        out.print(f"{len(rows)} images in {output}", markup=False, soft_wrap=True)
        print_next("chestnut", "audit", data, *options.words())
