"""`chestnut compare`: train several recipes on the same images, and say which is better and which is not."""

from __future__ import annotations

from typing import Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, WideOption, emit, out, print_next, print_notes
from chestnut.cli.shared.own_terms import refuse_terms
from chestnut.cli.shared.recipe_options import ShortForms, with_short_forms
from chestnut.cli.shared.study_options import (
    ComparisonSeedOption,
    FractionOption,
    StudyOptions,
    require_path,
    with_study_options,
)
from chestnut.errors import DataError


@with_data_options
@with_study_options
@with_short_forms
def command(
    context: typer.Context,
    data: OptionalData = None,
    recipes: Annotated[
        str | None, typer.Option("--recipes", metavar="A,B,…", help="Names of recipes, or paths of TOML files.")
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid", metavar="KEY=V1,V2,…", help="A recipe field and its values. Repeatable, for all combinations."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="[RECIPE:]KEY=VALUE", help="Change a field of all recipes, or of one. Repeatable."
        ),
    ] = None,
    fraction: FractionOption = 1.0,
    repeats: Annotated[int, typer.Option("--repeats", help="Runs of each variant, each with its own seed.")] = 1,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="The most for each run; by default the smallest of the recipes.")
    ] = None,
    seed: ComparisonSeedOption = 0,
    fine_tune_best: Annotated[
        bool, typer.Option("--fine-tune-best", help="Fine-tune the best of them too, if it has a backbone.")
    ] = False,
    exchange: Annotated[
        bool, typer.Option("--exchange", help="Make the exchange test of every run too; see chestnut exchange.")
    ] = False,
    wide: WideOption = False,
    *,
    short: ShortForms,
    study: StudyOptions,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train recipes on the same images for the same epochs, and test which of them are better.

    The same command continues a comparison that was stopped.
    """
    from chestnut.api.studies import compare, resume_comparison
    from chestnut.cli.tables.comparison_table import leaderboard_table
    from chestnut.studies.comparison.plan import ComparisonFolder

    changes = short.settings(settings)
    if study.resume is not None:
        refuse_terms(context, "a comparison", "fine_tune_best", "exchange")
        board = resume_comparison(study.resume, fine_tune_best=fine_tune_best, exchange=exchange, **study.keywords())
    elif data is None or recipes is None:
        raise DataError("give DATA and --recipes A,B to compare, or --resume FOLDER to continue a comparison")
    else:
        board = compare(
            options.reader(data),
            [part.strip() for part in recipes.split(",") if part.strip()],
            settings=changes,
            grid=grid or [],
            path=study.path,
            fine_tune_best=fine_tune_best,
            exchange=exchange,
            fraction=fraction,
            repeats=repeats,
            epochs=epochs,
            seed=seed,
            **study.keywords(skip_bad=options.skip_bad),
        )
    folder = ComparisonFolder(require_path(board.path))
    if emit({"comparison": str(folder.path), "report": str(folder.page_file), **board.to_dict()}, json):
        out.print(leaderboard_table(board))
        print_notes((*board.sentences, *board.notes))
        out.print(f"Report: {folder.page_file}", markup=False, soft_wrap=True)
        if board.rows[0].place is None:
            print_next("chestnut", "runs", folder.path)
        else:
            print_next_for(folder.run(board.rows[0].name, folder.plan.terms.seed))
