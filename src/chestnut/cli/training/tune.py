"""`chestnut tune`: search a recipe's space for better settings, and say whether the best is better than the recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.output import JsonOption, WideOption, emit, out, print_next, print_notes
from chestnut.cli.shared.own_terms import refuse_terms
from chestnut.cli.shared.recipe_options import SetOption, ShortForms, complete_recipe, with_short_forms
from chestnut.cli.shared.study_options import StudyOptions, require_path, with_study_options
from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.studies.tuning.plan import TuneFolder
    from chestnut.studies.tuning.result import Tuning


@with_data_options
@with_study_options
@with_short_forms
def command(
    context: typer.Context,
    data: OptionalData = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            autocompletion=complete_recipe,
            help="A recipe's name, or the path of a TOML file; its table [search] is searched.",
        ),
    ] = None,
    search: Annotated[
        str, typer.Option("--search", metavar="random|hyperband|bayesian", help="How settings are chosen.")
    ] = "random",
    trials: Annotated[
        int | None, typer.Option("--trials", help="The total number of settings to try; 20 by default.")
    ] = None,
    executions: Annotated[
        int, typer.Option("--executions", help="Runs of each trial, each with its own seed; their mean counts.")
    ] = 3,
    objective: Annotated[
        str,
        typer.Option(
            "--objective", metavar="auroc|accuracy|loss", help="The metric to improve, on the validation images."
        ),
    ] = "auroc",
    settings: SetOption = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="The most for each run; by default the recipe's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of the split, the draws, and the first run of each trial.")
    ] = None,
    wide: WideOption = False,
    *,
    short: ShortForms,
    study: StudyOptions,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Try settings from a recipe's space, and say whether the best of them is better than the recipe itself.

    The same command continues a search that was stopped; more --trials extend it.
    """
    from chestnut.api.studies import resume_tune, tune
    from chestnut.cli.tables.tuning_table import trials_table
    from chestnut.studies.tuning.plan import TuneFolder

    changes = short.settings(settings)
    if study.resume is not None:
        refuse_terms(context, "a search", "trials")
        result = resume_tune(study.resume, trials=trials, **study.keywords())
    elif data is None or recipe is None:
        raise DataError("give DATA and --recipe NAME to search, or --resume FOLDER to continue a search")
    else:
        result = tune(
            options.reader(data),
            recipe,
            search=search,
            objective=objective,
            executions=executions,
            epochs=epochs,
            seed=seed,
            settings=changes,
            path=study.path,
            **({} if trials is None else {"trials": trials}),
            **study.keywords(skip_bad=options.skip_bad),
        )
    folder = TuneFolder(require_path(result.path))
    if emit({"tune": str(folder.path), "report": str(folder.page_file), **result.to_dict()}, json):
        out.print(trials_table(result))
        print_notes((*result.sentences, *result.notes))
        out.print(f"Best recipe: {folder.best_file}", markup=False, soft_wrap=True)
        out.print(f"Report: {folder.page_file}", markup=False, soft_wrap=True)
        print_next("chestnut", *_next_step(folder, result))


def _next_step(folder: TuneFolder, result: Tuning) -> tuple[object, ...]:
    """Return the command that trains the best recipe as the search did: same images, splits and threads."""
    if result.best is None:
        return "runs", folder.path
    positive = folder.facts.get("positive") if folder.plan.recipe.data.positive is None else None
    more = ("--positive", positive) if positive else ()
    return "train", folder.manifest_file, "--recipe", folder.best_file, "--threads", folder.plan.threads, *more
