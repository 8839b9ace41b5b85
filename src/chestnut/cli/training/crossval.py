"""`chestnut crossval`: evaluate a recipe on every image, each by a run that was not trained on its patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.output import JsonOption, WideOption, emit, out, print_next, print_notes
from chestnut.cli.shared.own_terms import refuse_terms
from chestnut.cli.shared.recipe_options import RecipeOption, SetOption, ShortForms, with_short_forms
from chestnut.cli.shared.study_options import MostEpochsOption, StudyOptions, require_path, with_study_options
from chestnut.cli.shared.tables import table
from chestnut.errors import DataError
from chestnut.limits import MOST_ROUNDS, MOST_SEED, require_between

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.studies.crossval.result import CrossValidation

_COLUMNS = ("fold", "images", "patients", "AUROC", "accuracy", "loss", "best epoch")
_DROPPABLE = ("best epoch", "loss", "patients", "images")
_SHOWN = ("auroc", "accuracy", "loss")


@with_data_options
@with_study_options
@with_short_forms
def command(
    context: typer.Context,
    data: OptionalData = None,
    recipe: RecipeOption = None,
    folds: Annotated[int, typer.Option("--folds", help="Number of folds; each is held out once.")] = 5,
    repeats: Annotated[int, typer.Option("--repeats", help="How many times the patients are divided into folds.")] = 1,
    settings: SetOption = None,
    epochs: MostEpochsOption = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of the folds and the first run; by default the recipe's.")
    ] = None,
    wide: WideOption = False,
    *,
    short: ShortForms,
    study: StudyOptions,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train a recipe once for each fold of the patients, and evaluate each fold with the run that has not seen it.

    Epochs are chosen on patients that are neither trained on nor held out. The same command continues a
    cross-validation that was stopped.
    """
    from chestnut.api.studies import crossval, resume_crossval
    from chestnut.studies.crossval.plan import CrossFolder

    require_between(1, MOST_ROUNDS, epochs=epochs)
    require_between(0, MOST_SEED, seed=seed)
    changes = short.settings(settings, train__epochs=epochs, seed=seed)
    if study.resume is not None:
        refuse_terms(context, "a cross-validation")
        result = resume_crossval(study.resume, **study.keywords())
    elif data is None:
        raise DataError("give DATA to cross-validate on, or --resume FOLDER to continue a cross-validation")
    else:
        result = crossval(
            options.reader(data),
            recipe or "cnn-small",
            folds=folds,
            repeats=repeats,
            settings=changes,
            path=study.path,
            **study.keywords(skip_bad=options.skip_bad),
        )
    folder = CrossFolder(require_path(result.path))
    if emit({"crossval": str(folder.path), "report": str(folder.page_file), **result.to_dict()}, json):
        out.print(result_table(result))
        print_notes((*result.warnings, *result.pooled.notes, *result.notes))
        out.print(f"Report: {folder.page_file}", markup=False, soft_wrap=True)
        print_next("chestnut", "runs", folder.path)


def result_table(result: CrossValidation) -> Table:
    """Return a table of every fold, all together, and the mean over folds with its interval and the deviation."""
    from chestnut.runs.record import kept_epoch

    pooled = result.pooled
    title = f"{pooled.images:,} held-out predictions of {pooled.patients:,} patients"
    shown = table(title, _COLUMNS, _COLUMNS[1:3], _DROPPABLE)
    judged = [
        (part.name if result.repeats > 1 else str(part.fold), part.evaluation, kept_epoch(part.best_epoch, part.epochs))
        for part in result.parts
    ]
    for name, one, kept in (*judged, ("all", pooled, "")):
        figures = [one.summary(metric) for metric in _SHOWN]
        shown.add_row(name, f"{one.images:,}", f"{one.patients:,}", *figures, kept)
    shown.add_row("mean", "", "", *(str(result.spread[metric].estimate) for metric in _SHOWN), "")
    shown.add_row("mean ± sd", "", "", *(str(result.spread[metric]) for metric in _SHOWN), "")
    return shown
