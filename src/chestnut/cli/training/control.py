"""`chestnut control`: how much of what a network can tell about the classes lives outside the lungs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.output import JsonOption, WideOption, emit, out, print_next, print_notes
from chestnut.cli.shared.own_terms import refuse_terms
from chestnut.cli.shared.recipe_options import RecipeOption, SetOption, ShortForms, with_short_forms
from chestnut.cli.shared.study_options import (
    ComparisonSeedOption,
    FractionOption,
    MostEpochsOption,
    StudyOptions,
    require_path,
    with_study_options,
)
from chestnut.cli.shared.tables import table
from chestnut.errors import DataError

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.studies.comparison.control import Control

_COLUMNS = ("the network sees", "val AUROC", "val accuracy")


@with_data_options
@with_study_options
@with_short_forms
def command(
    context: typer.Context,
    data: OptionalData = None,
    recipe: RecipeOption = None,
    settings: SetOption = None,
    fraction: FractionOption = 1.0,
    repeats: Annotated[int, typer.Option("--repeats", help="Runs of each network, each with its own seed.")] = 1,
    epochs: MostEpochsOption = None,
    seed: ComparisonSeedOption = 0,
    wide: WideOption = False,
    *,
    short: ShortForms,
    study: StudyOptions,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train a recipe on whole images, on the lungs alone and on everything but the lungs, and compare the three.

    What the third network can tell, it does not tell from the lungs. The same command continues an experiment that was
    stopped.
    """
    from chestnut.api.control import control, resume_control
    from chestnut.studies.comparison.control_folder import ControlFolder

    changes = short.settings(settings)
    if study.resume is not None:
        refuse_terms(context, "a control experiment")
        result = resume_control(study.resume, **study.keywords())
    elif data is None:
        raise DataError("give DATA to experiment on, or --resume FOLDER to continue a control experiment")
    else:
        result = control(
            options.reader(data),
            recipe or "cnn-small",
            settings=changes,
            path=study.path,
            fraction=fraction,
            repeats=repeats,
            epochs=epochs,
            seed=seed,
            **study.keywords(skip_bad=options.skip_bad),
        )
    folder = ControlFolder(require_path(result.path))
    if emit({"control": str(folder.path), "report": str(folder.page_file), **result.to_dict()}, json):
        out.print(result_table(result))
        print_notes((result.sentence, *result.sentences, *result.notes))
        out.print(f"Report: {folder.page_file}", markup=False, soft_wrap=True)
        print_next("chestnut", "runs", folder.path)


def result_table(result: Control) -> Table:
    """Return a table of the three networks with 95 % intervals."""
    made = table(f"{result.images:,} validation images of {result.patients:,} patients", _COLUMNS, (), ())
    for arm in result.arms:
        made.add_row(arm.sees, *("–" if one is None else str(one) for one in (arm.auroc, arm.accuracy)))
        made.footnotes += [f"a run of {arm.name} failed: {why}" for why in arm.failed]
    return made
