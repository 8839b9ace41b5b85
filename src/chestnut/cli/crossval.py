"""`chestnut crossval`: train a recipe once a fold, and judge every image by the run that had not seen its patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.engine_options import AddressOption, EngineOption, JobsOption, chosen_engine
from chestnut.cli.shared.output import JsonOption, bar, emit, out, say, table
from chestnut.cli.train import SetOption, TrackOption
from chestnut.errors import DataError
from chestnut.runs.record import kept_epoch

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.config import Recipe
    from chestnut.data.manifest import Manifest
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.studies.crossval.plan import CrossFolder, CrossPlan
    from chestnut.studies.crossval.result import CrossValidation

_BEGUN = "--resume goes on with a cross-validation as it began; leave out DATA, --recipe, --set and what else it set"
_COLUMNS = ("fold", "images", "patients", "AUROC", "accuracy", "loss", "epoch kept")


@with_data_options
def command(
    data: OptionalData = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="A recipe's name, or the path of a TOML file; else cnn-small.")
    ] = None,
    folds: Annotated[int, typer.Option("--folds", help="How many; each is held out once.")] = 5,
    repeats: Annotated[int, typer.Option("--repeats", help="How many times the folds are dealt anew.")] = 1,
    settings: SetOption = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="The most for each run; else the recipe's.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the folds and the first run; else the recipe's.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Its name; else made of its plan.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder that it stands in.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="FOLDER", help="Go on with this cross-validation; give no DATA.")
    ] = None,
    track: TrackOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    jobs: JobsOption = None,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train a recipe once for each fold of the patients, and judge each fold by the run that had not seen it.

    Epochs are chosen on patients that are neither trained on nor held out. A cross-validation that was stopped goes on
    where it was when the same command is given again.
    """
    from chestnut.config import load_recipe
    from chestnut.studies.crossval.plan import CrossFolder
    from chestnut.training.tracking.registry import open_trackers

    choice = chosen_engine(engine, address, jobs)
    trackers = open_trackers(track or [], resume.parent if resume else runs)
    if resume is not None:
        given = (data, recipe, settings, epochs, seed, name)
        if any(one is not None for one in given) or (folds, repeats) != (5, 1) or options != DataOptions():
            raise DataError(_BEGUN)
        folder = CrossFolder(resume)
    elif data is None:
        raise DataError("give DATA to cross-validate on, or --resume FOLDER to go on with a cross-validation")
    else:
        for option, number, least in (("--epochs", epochs, 1), ("--seed", seed, 0)):
            if number is not None and number < least:
                raise DataError(f"{option} {number}: give {least} or more")
        own = {"train.epochs": epochs, "seed": seed}
        changes = [f"{key}={value}" for key, value in own.items() if value is not None]
        chosen = load_recipe(recipe or "cnn-small", [*(settings or []), *changes])
        plan, images = _planned(data, chosen, folds, repeats, options)
        folder = CrossFolder.begin(runs / (name or f"crossval-{plan.digest}"), plan, images)
    _carry_out(folder, choice, tuple(one.given for one in trackers), json)


def _planned(data: Path, recipe: Recipe, folds: int, repeats: int, options: DataOptions) -> tuple[CrossPlan, Manifest]:
    """The plan and its images, with what is to be known of them told."""
    from chestnut.jobs.machine import threads_per_job
    from chestnut.studies.crossval.plan import make_crossplan

    manifest = options.load(data)
    for note in manifest.notes:
        say(f"note: {note}")
    threads = threads_per_job()
    plan, images = make_crossplan(manifest, recipe, folds, repeats, threads, skip_bad=options.skip_bad, bars=bar)
    for note in images.notes[len(manifest.notes) :]:
        say(f"note: {note}")
    return plan, images


def _carry_out(folder: CrossFolder, choice: EngineChoice, track: tuple[str, ...], json: Path | None) -> None:
    from chestnut.cli.shared.live_jobs import watched
    from chestnut.report.pages.crossval import write_crossval_page
    from chestnut.studies.crossval.crossval import crossval

    plan, total = folder.plan, len(folder.plan.parts)
    words = f"{total} runs of at most {plan.recipe.train.epochs} epochs"
    with watched(folder, choice, total, words, track) as setup:
        result = crossval(folder, setup)
    write_crossval_page(folder, folder.page_file)
    told = {"crossval": str(folder.path), "report": str(folder.page_file), **result.to_dict()}
    if emit(told, json):
        out.print(_table(result))
        for text in (*result.warnings, *result.pooled.notes, *result.notes):
            out.print(f"· {text}", markup=False)
        out.print(f"Report: {folder.page_file}", markup=False)


def _table(result: CrossValidation) -> Table:
    """Every fold, all together, and mean and deviation over folds."""
    pooled = result.pooled
    made = table(f"{pooled.images:,} held-out predictions of {pooled.patients:,} patients", _COLUMNS, _COLUMNS[1:3])
    judged = [
        (part.name if result.repeats > 1 else str(part.fold), part.evaluation, kept_epoch(part.best_epoch, part.epochs))
        for part in result.parts
    ]
    for name, one, kept in (*judged, ("all", pooled, "")):
        shown = [one.summary(metric) for metric in ("auroc", "accuracy", "loss")]
        made.add_row(name, f"{one.images:,}", f"{one.patients:,}", *shown, kept)
    spreads = [str(result.spread[metric]) for metric in ("auroc", "accuracy", "loss")]
    made.add_row("mean ± sd", "", "", *spreads, "")
    return made
