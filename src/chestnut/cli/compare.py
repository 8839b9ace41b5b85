"""`chestnut compare`: train several recipes on the same images, and say which is better and which is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.engine_options import AddressOption, EngineOption, JobsOption, chosen_engine
from chestnut.cli.shared.output import JsonOption, bar, emit, out, say
from chestnut.cli.train import TrackOption
from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.studies.comparison.plan import ComparisonFolder

_BEGUN = "--resume goes on with a comparison as it began; leave out DATA, --recipes, --set, --grid and what else it set"


@with_data_options
def command(
    data: OptionalData = None,
    recipes: Annotated[
        str | None, typer.Option("--recipes", metavar="A,B,…", help="Names of recipes, or paths of TOML files.")
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="KEY=V1,V2,…", help="A recipe field and its values. Repeatable: all pairs."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="[RECIPE:]KEY=VALUE", help="Change a field of all recipes, or of one. Repeatable."
        ),
    ] = None,
    fraction: Annotated[
        float, typer.Option("--fraction", help="Share of each class's training patients to train on.")
    ] = 1.0,
    repeats: Annotated[int, typer.Option("--repeats", help="Runs of each variant, each with its own seed.")] = 1,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="The most for each run; else the smallest of the recipes' own.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the split, the share, and the first run of each.")] = 0,
    fine_tune_best: Annotated[
        bool, typer.Option("--fine-tune-best", help="Fine-tune the first of them too, if it has a backbone.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="The comparison's name; else made of its plan.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder that comparisons stand in.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="FOLDER", help="Go on with this comparison; give no DATA.")
    ] = None,
    track: TrackOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    jobs: JobsOption = None,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train recipes on the same images for the same epochs, and test which are better and which only seem so.

    A comparison that was stopped goes on where it was when the same command is given again.
    """
    from chestnut.studies.comparison.plan import ComparisonFolder, Terms, make_plan
    from chestnut.studies.comparison.variants import make_variants
    from chestnut.training.tracking.registry import open_trackers

    choice = chosen_engine(engine, address, jobs)
    trackers = open_trackers(track or [], resume.parent if resume else runs)
    terms = Terms(fraction, repeats, epochs, seed)
    if resume is not None:
        if data or recipes or settings or grid or name or terms != Terms() or options != DataOptions():
            raise DataError(_BEGUN)
        folder = ComparisonFolder(resume)
    elif data is None or recipes is None:
        raise DataError("give DATA and --recipes A,B to compare, or --resume FOLDER to go on with a comparison")
    else:
        from chestnut.jobs.machine import threads_per_job

        terms.check()
        variants = make_variants(
            [part.strip() for part in recipes.split(",") if part.strip()], settings or [], grid or []
        )
        manifest = options.load(data)
        for note in manifest.notes:
            say(f"note: {note}")
        plan, chosen = make_plan(manifest, variants, terms, threads_per_job(), skip_bad=options.skip_bad, bars=bar)
        folder = ComparisonFolder.begin(runs / (name or f"compare-{plan.digest}"), plan, chosen)
    _carry_out(folder, choice, fine_tune_best, tuple(one.given for one in trackers), json)


def _carry_out(
    folder: ComparisonFolder, choice: EngineChoice, fine_tune_best: bool, track: tuple[str, ...], json: Path | None
) -> None:
    from chestnut.cli.shared.comparison_table import leaderboard_table
    from chestnut.cli.shared.live_jobs import watched
    from chestnut.report.pages.comparison import write_comparison_page
    from chestnut.studies.comparison.compare import compare

    terms = folder.plan.terms
    total = len(folder.plan.variants) * terms.repeats
    with watched(folder, choice, total, f"{total} runs of at most {terms.epochs} epochs", track) as setup:
        board = compare(folder, setup, fine_tune_best)
    write_comparison_page(folder, folder.page_file)
    result = {"comparison": str(folder.path), "report": str(folder.page_file), **board.to_dict()}
    if emit(result, json):
        out.print(leaderboard_table(board))
        for text in (*board.sentences, *board.notes):
            out.print(f"· {text}", markup=False)
        out.print(f"Report: {folder.page_file}", markup=False)
