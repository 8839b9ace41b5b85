"""`chestnut diagnose`: what learning curves say about the training of a run, or a learning-rate range test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, bar, emit, out, print_next, say
from chestnut.cli.shared.recipe_options import SetOption
from chestnut.errors import DataError
from chestnut.models.framework import load_framework

if TYPE_CHECKING:
    from chestnut.config import Recipe
    from chestnut.data.manifest import Manifest
    from chestnut.diagnosis.lr_range import RateRange

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
        Path, typer.Option("--out", metavar="FILE", help="For a range test: the picture, a .png file.")
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
    manifest, chosen = _read_subject(targets[0], recipe, settings or [], options)
    found = _run_test(manifest, chosen, (low, high, batches), picture, options.skip_bad)
    target = {"target": str(targets[0]), "recipe": chosen.name, "seed": chosen.seed, "picture": str(picture)}
    if emit(target | found.to_dict(), json):
        out.print(f"{found.summary}.", markup=False, soft_wrap=True)
        out.print(f"figure: {picture}", markup=False, soft_wrap=True)
        if found.suggested is not None:
            print_next("chestnut", *_train_words(targets[0], recipe, settings or [], options, found.suggested))
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


def _read_subject(
    target: Path, recipe: str | None, settings: list[str], options: DataOptions
) -> tuple[Manifest, Recipe]:
    """The images and the recipe of a range test: those of a run, or a data set and the named recipe."""
    from chestnut.config import load_recipe
    from chestnut.data.manifest import Manifest
    from chestnut.runs.folder import RunFolder

    if not (target / "environment.json").is_file():
        chosen, manifest = load_recipe(recipe or "cnn-small", settings), options.load(target)
        for note in manifest.notes:
            say(f"note: {note}")
        return manifest, chosen
    run = RunFolder.open(target)
    return Manifest.read(run.manifest_file, run.facts), load_recipe(recipe or run.recipe, settings)


def _run_test(
    manifest: Manifest, recipe: Recipe, rates: tuple[float, float, int], picture: Path, skip_bad: bool
) -> RateRange:
    """Run a range test and draw its result."""
    load_framework()
    from chestnut.figures.lr_range import rate_range_figure
    from chestnut.figures.saving import save
    from chestnut.training.lr_range import Sweep, lr_range

    found = lr_range(manifest, recipe, Sweep(*rates), skip_bad=skip_bad, bars=bar)
    save(rate_range_figure(found), picture)
    return found


def _diagnose(paths: list[Path], json: Path | None) -> None:
    from chestnut.cli.shared.diagnosis_table import print_diagnosis
    from chestnut.diagnosis.diagnosis import diagnose
    from chestnut.runs.folder import RunFolder

    runs = [RunFolder.open(path) for path in paths]
    found = [diagnose(run) for run in runs]
    results = [{"run": str(run.path), **one.to_dict()} for run, one in zip(runs, found, strict=True)]
    if emit({"runs": results}, json):
        for run, one in zip(runs, found, strict=True):
            print_diagnosis(run, one)
        print_next_for(runs[-1])
