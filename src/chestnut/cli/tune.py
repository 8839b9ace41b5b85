"""`chestnut tune`: search a recipe's space for better settings, and say whether the best is better than the recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.engine_options import AddressOption, EngineOption, JobsOption, chosen_engine
from chestnut.cli.shared.output import JsonOption, bar, emit, out, say
from chestnut.cli.train import SetOption, TrackOption
from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.studies.tuning.plan import Terms, TuneFolder

_BEGUN = (
    "--resume goes on with a search as it began; leave out DATA, --recipe, --set and what else it set. "
    "--trials may be given, to extend it"
)


@with_data_options
def command(
    data: OptionalData = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help="A recipe's name, or the path of a TOML file; its table [search] is searched."),
    ] = None,
    search: Annotated[
        str, typer.Option("--search", metavar="random|hyperband|bayesian", help="How settings are chosen.")
    ] = "random",
    trials: Annotated[
        int | None, typer.Option("--trials", help="Choices of settings to try, in all; 20 unless given.")
    ] = None,
    executions: Annotated[
        int, typer.Option("--executions", help="Runs of each trial, each with its own seed; their mean counts.")
    ] = 3,
    objective: Annotated[
        str, typer.Option("--objective", metavar="auroc|accuracy|loss", help="What is best, on the validation images.")
    ] = "auroc",
    settings: SetOption = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="The most for each run; else the recipe's.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the split, the draws, and the first run of each trial.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The search's name; else made of its plan.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder that searches stand in.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="FOLDER", help="Go on with this search; give no DATA.")
    ] = None,
    track: TrackOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    jobs: JobsOption = None,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Try settings from a recipe's space, and say whether the best of them is better than the recipe itself.

    A search that was stopped goes on where it was when the same command is given again; more --trials extend it.
    """
    from chestnut.studies.tuning.plan import Terms, TuneFolder
    from chestnut.training.tracking.registry import open_trackers

    choice = chosen_engine(engine, address, jobs)
    terms = Terms(search, objective, Terms.trials if trials is None else trials, executions, epochs, seed)
    terms.check()
    trackers = open_trackers(track or [], resume.parent if resume else runs)
    if resume is not None:
        unchanged = Terms(trials=terms.trials)
        if data or recipe or settings or name or terms != unchanged or options != DataOptions():
            raise DataError(_BEGUN)
        folder = TuneFolder(resume)
        if trials is not None:
            with folder.owned():
                folder.extend(trials)
    elif data is None or recipe is None:
        raise DataError("give DATA and --recipe NAME to search, or --resume FOLDER to go on with a search")
    else:
        folder = _begun(data, recipe, settings or [], terms, runs, name, options)
    _carry_out(folder, choice, tuple(one.given for one in trackers), json)


def _begun(
    data: Path, recipe: str, settings: list[str], terms: Terms, runs: Path, name: str | None, options: DataOptions
) -> TuneFolder:
    """The search's folder, made or found."""
    from chestnut.config import load_recipe
    from chestnut.jobs.machine import threads_per_job
    from chestnut.studies.tuning.plan import TuneFolder, checked, make_tuneplan

    chosen = load_recipe(recipe, settings)
    checked(chosen, terms)  # before the data are read
    manifest = options.load(data)
    for note in manifest.notes:
        say(f"note: {note}")
    plan, images = make_tuneplan(manifest, chosen, terms, threads_per_job(), skip_bad=options.skip_bad, bars=bar)
    return TuneFolder.begin(runs / (name or f"tune-{plan.digest}"), plan, images)


def _carry_out(folder: TuneFolder, choice: EngineChoice, track: tuple[str, ...], json: Path | None) -> None:
    from chestnut.cli.shared.live_jobs import watched
    from chestnut.cli.shared.tuning_table import trials_table
    from chestnut.report.pages.tuning import write_tune_page
    from chestnut.studies.tuning.tune import tune

    plan = folder.plan
    most = (plan.trials + 1) * plan.executions
    words = (
        f"{plan.trials} trials and the recipe's own settings, {most} runs of at most {plan.recipe.train.epochs} epochs"
    )
    with watched(folder, choice, most, words, track) as setup:
        result = tune(folder, setup)
    write_tune_page(folder, folder.page_file)
    told = {"tune": str(folder.path), "report": str(folder.page_file), **result.to_dict()}
    if emit(told, json):
        out.print(trials_table(result))
        for text in (*result.sentences, *result.notes):
            out.print(f"· {text}", markup=False)
        out.print(f"Best recipe: {folder.best_file}", markup=False)
        out.print(f"Report: {folder.page_file}", markup=False)
