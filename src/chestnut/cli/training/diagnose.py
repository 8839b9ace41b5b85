"""`chestnut diagnose`: what learning curves say about the training of a run, or a learning-rate range test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, emit, out, print_next
from chestnut.cli.shared.recipe_options import SetOption
from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.api.options import DisplayOptions

_FIGURE = Path("lr-range.png")
_LOW, _HIGH, _BATCHES = 1e-6, 1.0, 200


@with_data_options
def command(
    targets: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Runs; with --lr-range one run, or a data set.")
    ],
    rate_range: Annotated[
        bool, typer.Option("--lr-range", help="Train a few batches at a rising learning rate, and draw the loss.")
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help="For a range test: the recipe; else the run's or cnn-small."),
    ] = None,
    settings: SetOption = None,
    low: Annotated[float, typer.Option("--low", metavar="RATE", help="For a range test: the first rate.")] = _LOW,
    high: Annotated[float, typer.Option("--high", metavar="RATE", help="For a range test: the last rate.")] = _HIGH,
    batches: Annotated[int, typer.Option("--batches", metavar="N", help="For a range test: its batches.")] = _BATCHES,
    picture: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="For a range test: the picture, a .png file."),
        Output(only_with="rate_range"),
    ] = _FIGURE,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Say in plain words how training went, with the evidence and a change of the recipe to try.

    No image is evaluated; results on the test split are used only if there are any already.
    """
    if not rate_range:
        given = (recipe, settings, low, high, batches, picture, options)
        if given != (None, None, _LOW, _HIGH, _BATCHES, _FIGURE, DataOptions()):
            raise DataError("all options but --json belong to the range test; add --lr-range, or leave them out")
        _diagnose(targets, json)
        return
    if len(targets) > 1:
        raise DataError(f"--lr-range tests one run or data set, but {len(targets)} are given; give one")
    if picture.suffix.lower() != ".png":
        raise DataError(f"cannot draw into {picture}; give a file name that ends in .png")
    from chestnut.api.recipes import lr_range
    from chestnut.api.run import open_run
    from chestnut.config import load_recipe
    from chestnut.figures.lr_range import rate_range_figure
    from chestnut.figures.saving import save
    from chestnut.files.reading import is_present

    target = targets[0]
    run = open_run(target) if is_present(target / "environment.json") else None
    chosen = load_recipe(recipe or (run.recipe if run else "cnn-small"), settings or [])
    subject = run or options.reader(target)
    how: DisplayOptions = {"display": TerminalDisplay()}
    found = lr_range(subject, chosen, rates=(low, high), batches=batches, skip_bad=options.skip_bad, **how)
    save(rate_range_figure(found), picture, follow=True)
    tested = {"target": str(target), "recipe": chosen.name, "seed": chosen.seed, "picture": str(picture)}
    if emit(tested | found.to_dict(), json):
        out.print(f"{found.summary}.", markup=False, soft_wrap=True)
        out.print(f"figure: {picture}", markup=False, soft_wrap=True)
        if found.suggested is not None:
            print_next("chestnut", *_train_words(target, recipe, settings or [], options, found.suggested))
        else:
            print_next("chestnut", "diagnose", "--help")


def _train_words(
    target: Path, recipe: str | None, settings: list[str], options: DataOptions, rate: float
) -> list[object]:
    """Return the command that trains at the suggested learning rate."""
    words: list[object] = ["train", target, *options.words()]
    if (target / "environment.json").is_file():
        words = ["train", target / "manifest.csv"]
        recipe = recipe or str(target / "recipe.toml")
    words += ["--recipe", recipe or "cnn-small"]
    return [*words, *(word for setting in (*settings, f"optim.learning_rate={rate:g}") for word in ("--set", setting))]


def _diagnose(paths: list[Path], json: Path | None) -> None:
    from chestnut.api.run import open_run
    from chestnut.cli.tables.diagnosis_table import print_diagnosis

    runs = [open_run(path) for path in paths]
    found = [run.diagnose() for run in runs]
    results = [{"run": str(run.path), **one.to_dict()} for run, one in zip(runs, found, strict=True)]
    if emit({"runs": results}, json):
        for run, one in zip(runs, found, strict=True):
            print_diagnosis(run.folder, one)
        print_next_for(runs[-1].folder)
