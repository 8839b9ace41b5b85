"""`chestnut ensemble`: one run made of several, which gives the mean of their calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_notes
from chestnut.cli.shared.own_terms import refuse_terms
from chestnut.cli.shared.recipe_options import SetOption, ShortForms, complete_recipe, with_short_forms
from chestnut.cli.shared.study_options import StudyOptions, with_study_options
from chestnut.cli.shared.tables import table
from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.api.run import Run


@with_data_options
@with_study_options
@with_short_forms
def command(
    context: typer.Context,
    given: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN...|DATA", help="Two or more runs of one input and classes; or the images to train on."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe", autocompletion=complete_recipe, help="Train this recipe on DATA first, once for each seed."
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", help="The number of networks to train. [default: 3]"),
    ] = None,
    settings: SetOption = None,
    *,
    short: ShortForms,
    study: StudyOptions,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Make one run of several. Its network gives the mean of their calibrated probabilities.

    The runs are there, or a recipe is trained on DATA with several seeds. The ensemble is judged only on images that
    trained none of its members.
    """
    changes = short.settings(settings)
    if study.resume is not None:
        from chestnut.api.ensembles import resume_ensemble

        refuse_terms(context, "an ensemble")
        run = resume_ensemble(study.resume, **study.keywords())
    elif recipe is not None:
        run = _train(given or [], recipe, seeds, changes, study, options)
    else:
        run = _join(given or [], [seeds is not None, bool(changes), options != DataOptions()], study)
    _tell(run, json)


def _train(
    given: list[Path],
    recipe: str,
    seeds: int | None,
    changes: list[str],
    study: StudyOptions,
    options: DataOptions,
) -> Run:
    from chestnut.api.ensembles import train_ensemble

    if len(given) != 1:
        raise DataError(f"--recipe trains on one data set, but {len(given)} are given; give one DATA")
    keywords = study.keywords(skip_bad=options.skip_bad)
    count = 3 if seeds is None else seeds
    return train_ensemble(options.reader(given[0]), recipe, seeds=count, settings=changes, path=study.path, **keywords)


def _join(runs: list[Path], unfit: list[bool], study: StudyOptions) -> Run:
    from chestnut.api.ensembles import ensemble

    if any(unfit) or study.engine != "local" or study.track or study.jobs is not None:
        raise DataError("runs that are there are joined as they are; give DATA and --recipe to train new ones")
    return ensemble(runs, path=study.path, parent=study.runs, display=TerminalDisplay(), command=command_line())


def _tell(made: Run, json: JsonOption) -> None:
    from chestnut.cli.tables.result_tables import metrics_table

    run = made.folder
    judged = run.metrics("val") if "val" in run.evaluations() else None
    record = run.record
    result = {"run": str(run.path), **record.to_dict(), "notes": run.facts["notes"], "validation": judged}
    if emit(result, json):
        shown = table(str(run.path), ("member", "recipe", "seed", "temperature"), ("seed", "temperature"))
        for one in record.members:
            shown.add_row(one.run, one.recipe, str(one.seed), f"{one.temperature:g}")
        out.print(shown)
        if judged is not None:
            title = f"{judged['images']} validation images of {judged['patients']} patients"
            out.print(metrics_table(title, judged))
            print_notes(judged["notes"])
        print_next_for(run)
