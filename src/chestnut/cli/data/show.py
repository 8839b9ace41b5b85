"""`chestnut show`: draw sample images of a data set into a picture, or judged images of a run as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.destinations import ForceOption, Output, require_free_file
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, out, print_next
from chestnut.errors import DataError
from chestnut.limits import MOST_SEED


@with_data_options
def command(
    data: Annotated[Path, typer.Argument(metavar="DATA|RUN", help="A data set, or the folder of a run.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="What to write: samples.png by default, and of a run RUN-SPLIT.html."
        ),
        Output(),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="Of a run: the evaluation whose images are drawn.")
    ] = "val",
    each: Annotated[int, typer.Option("--each", min=1, max=20, help="Images of each class.")] = 6,
    size: Annotated[
        int, typer.Option("--size", min=32, max=1024, help="Of a data set: pixels a side of each image.")
    ] = 224,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Another seed chooses other images.")] = 0,
    lungs: Annotated[
        bool, typer.Option("--lungs", help="Draw over each image where its lungs are found, and their box.")
    ] = False,
    identities: Annotated[
        bool, typer.Option("--identities", help="Of a run: show the names of images and patients, not numbers.")
    ] = False,
    *,
    options: DataOptions,
    json: JsonOption = None,
    force: ForceOption = False,
) -> None:
    """Draw a few images of each class: of DATA into a PNG, of RUN as a page with decisions, probabilities and maps."""
    from chestnut.files.reading import is_present

    run = is_present(data / "environment.json")
    if output is None:
        output = Path(f"{data.resolve().name}-{split}.html" if run else "samples.png")
        require_free_file(output, "--out", force=force)
    ending = ".html" if run else ".png"
    if output.suffix.lower() != ending:
        raise DataError(f"cannot draw into {output}; give a name that ends in {ending}")
    if run:
        if lungs:
            raise DataError("--lungs is for a data set, and not for a run; leave it out")
        images = _show_run(data, output, split, each, seed, identities=identities)
    else:
        images = _show_data(data, output, each, seed, size, options, lungs=lungs)
    if emit({"picture": str(output), "images": images}, json):
        out.print(f"{len(images)} images in {output}", markup=False, soft_wrap=True)
        if not run:
            print_next("chestnut", "audit", data, *options.words())


def _show_run(run: Path, output: Path, split: str, each: int, seed: int, *, identities: bool) -> list[str]:
    from chestnut.api.run import open_run

    display = TerminalDisplay()
    return open_run(run).show(output, split, each=each, seed=seed, identities=identities, display=display)


def _show_data(
    data: Path, output: Path, each: int, seed: int, size: int, options: DataOptions, *, lungs: bool
) -> list[str]:
    from chestnut.api.data import read_data, show
    from chestnut.data.samples import pick_samples
    from chestnut.figures.saving import save

    manifest = read_data(options.reader(data))
    save(show(manifest, each=each, size=size, seed=seed, lungs=lungs), output, follow=True)
    return [manifest.paths[row] for row in pick_samples(manifest, each, seed)]
