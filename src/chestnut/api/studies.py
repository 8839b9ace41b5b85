"""Calls that train many runs: compare recipes, cross-validate one, and search its settings.

The same call continues a study that was stopped, since equal plans on equal images share a folder. `resume_…` continues
one by its folder alone. Every call writes the study's page as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import StudyOptions, StudySettings, read_options, refuse_unknown, split_options
from chestnut.config import Recipe, load_recipe
from chestnut.errors import DiskError, EngineError

if TYPE_CHECKING:
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.jobs.run_all import JobOptions
    from chestnut.studies.comparison.leaderboard import Leaderboard
    from chestnut.studies.comparison.plan import ComparisonFolder
    from chestnut.studies.crossval.plan import CrossFolder
    from chestnut.studies.crossval.result import CrossValidation
    from chestnut.studies.study import StudyFolder
    from chestnut.studies.tuning.plan import TuneFolder
    from chestnut.studies.tuning.result import Tuning


class CompareOptions(StudyOptions, total=False):
    """Keywords of `compare`: what all variants share, and how runs are trained."""

    fraction: float
    repeats: int
    epochs: int | None
    seed: int


class TuneOptions(StudyOptions, total=False):
    """Keywords of `tune`: how the space is searched, and how runs are trained."""

    search: str
    objective: str
    trials: int
    executions: int
    epochs: int | None
    seed: int | None


def compare(
    data: Data,
    recipes: Sequence[str | Path | Recipe],
    *,
    settings: Sequence[str] = (),
    grid: Sequence[str] = (),
    path: str | Path | None = None,
    fine_tune_best: bool = False,
    exchange: bool = False,
    **options: Unpack[CompareOptions],
) -> Leaderboard:
    """Train recipes on the same images for the same epochs, and test which are better.

    Args:
        data: What `load_dataset` gave, or what it takes.
        recipes: Names, paths of TOML files, or recipes.
        settings: `key=value` changes of all recipes, or `recipe:key=value` of one.
        grid: `key=value,value,…`: a variant for each value; several make every combination.
        path: The folder of the comparison; None for one in `runs`, named after what is compared.
        fine_tune_best: Fine-tune the best variant too, if it has a backbone.
        exchange: Make the exchange test of every run afterwards; see `Run.exchange`.
        **options: `fraction` (share of the training patients), `repeats`, `epochs` and `seed`; `skip_bad`, `engine`,
            `address`, `jobs`, `wait`, `track`, `quiet` and more, as in `StudySettings`.

    Returns:
        The leaderboard, with `table`, `sentences` and `notes`.

    Raises:
        RecipeError: A recipe, setting or grid that does not validate, or fewer than two variants.
        DataError: A number out of its range, unreadable images, or data from which nothing can be learnt.
        RunError: The folder contains something else, or no run finished.
        EngineError: An engine that is unknown or cannot be reached.
    """
    from chestnut.jobs.machine import threads_per_job
    from chestnut.studies.comparison.plan import ComparisonFolder, Terms, make_plan
    from chestnut.studies.comparison.variants import make_variants

    how, rest = split_options(StudySettings, options)
    refuse_unknown(rest, list(CompareOptions.__annotations__))
    terms = Terms(**rest)
    terms.check()
    variants = make_variants(recipes, settings, grid)
    choice, track = check_engine(how, path)
    threads = threads_per_job()
    with choice.prepared(threads) as ready:
        images = read_data(data)
        plan, images = make_plan(images, variants, terms, threads, skip_bad=how.skip_bad, bars=how.shown.bar)
        folder = ComparisonFolder.begin(Path(path or Path(how.runs) / f"compare-{plan.digest}"), plan, images)
        return run_comparison(folder, how, ready, track, fine_tune_best, exchange)


def resume_comparison(
    path: str | Path, *, fine_tune_best: bool = False, exchange: bool = False, **options: Unpack[StudyOptions]
) -> Leaderboard:
    """Continue a comparison that was stopped.

    Args:
        path: The folder of the comparison.
        fine_tune_best: As in `compare`.
        exchange: As in `compare`; tests that are there are kept.
        **options: How runs are trained; see `StudySettings`.

    Raises:
        RunError: There is no comparison, or no run finished.
    """
    from chestnut.studies.comparison.plan import ComparisonFolder

    how = read_options(StudySettings, options)
    return run_comparison(ComparisonFolder(Path(path)), how, *check_engine(how, path), fine_tune_best, exchange)


def run_comparison(
    folder: ComparisonFolder,
    how: StudySettings,
    choice: EngineChoice,
    track: tuple[str, ...],
    fine_tune_best: bool = False,
    exchange: bool = False,
) -> Leaderboard:
    """Train the runs that a comparison lacks on an engine that `check_engine` returned; write leaderboard and page."""
    from chestnut.report.pages.comparison import write_comparison_page
    from chestnut.studies.comparison.compare import compare
    from chestnut.studies.comparison.exchanges import exchange_runs

    plan = folder.plan
    total = len(plan.variants) * plan.terms.repeats
    what = _count_runs(total, plan.terms.epochs)
    with _jobs(folder, how, choice, track, total, what) as setup:
        board = compare(folder, setup, fine_tune_best)
    if exchange:
        board = exchange_runs(folder, board, how.shown.bar)
    write_comparison_page(folder, folder.page_file)
    return replace(board, path=folder.path)


def crossval(
    data: Data,
    recipe: str | Path | Recipe = "cnn-small",
    *,
    folds: int = 5,
    repeats: int = 1,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    **options: Unpack[StudyOptions],
) -> CrossValidation:
    """Train a recipe once for each fold of the patients, and judge each fold by the run that did not see it.

    Args:
        data: What `load_dataset` gave, or what it takes; its own test split takes no part.
        recipe: A name, the path of a TOML file, or a recipe; its seed decides the folds.
        folds: The number of folds, 2 or more.
        repeats: How many times the patients are divided into folds.
        settings: `key=value` changes, such as `("train.epochs=10",)`.
        path: The folder of the cross-validation; None for one in `runs`, named after its plan.
        **options: `skip_bad`, `engine`, `address`, `jobs`, `wait`, `track`, `quiet` and more, as in `StudySettings`.

    Returns:
        The result, with `pooled`, `spread`, `parts` and `notes`.

    Raises:
        RecipeError: A recipe or setting that does not validate.
        DataError: A number out of its range, more folds than a class has patients, or unreadable images.
        RunError: The folder contains something else, or a run did not finish.
        EngineError: An engine that is unknown or cannot be reached.
    """
    from chestnut.jobs.machine import threads_per_job
    from chestnut.studies.crossval.plan import CrossFolder, check_folds, make_crossplan

    how = read_options(StudySettings, options)
    check_folds(folds, repeats)
    chosen = load_recipe(recipe, list(settings))
    choice, track = check_engine(how, path)
    threads, bars = threads_per_job(), how.shown.bar
    with choice.prepared(threads) as ready:
        images = read_data(data)
        plan, images = make_crossplan(images, chosen, folds, repeats, threads, skip_bad=how.skip_bad, bars=bars)
        folder = CrossFolder.begin(Path(path or Path(how.runs) / f"crossval-{plan.digest}"), plan, images)
        return _crossval(folder, how, ready, track)


def resume_crossval(path: str | Path, **options: Unpack[StudyOptions]) -> CrossValidation:
    """Continue a cross-validation that was stopped.

    Args:
        path: The folder of the cross-validation.
        **options: How runs are trained; see `StudySettings`.

    Raises:
        RunError: There is no cross-validation, or a run did not finish.
    """
    from chestnut.studies.crossval.plan import CrossFolder

    how = read_options(StudySettings, options)
    return _crossval(CrossFolder(Path(path)), how, *check_engine(how, path))


def _crossval(folder: CrossFolder, how: StudySettings, choice: EngineChoice, track: tuple[str, ...]) -> CrossValidation:
    from chestnut.report.pages.crossval import write_crossval_page
    from chestnut.studies.crossval.crossval import crossval

    plan = folder.plan
    what = _count_runs(len(plan.parts), plan.recipe.train.epochs)
    with _jobs(folder, how, choice, track, len(plan.parts), what) as setup:
        result = crossval(folder, setup)
    write_crossval_page(folder, folder.page_file)
    return replace(result, path=folder.path)


def tune(
    data: Data,
    recipe: str | Path | Recipe,
    *,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    **options: Unpack[TuneOptions],
) -> Tuning:
    """Search a recipe's space for better settings, and test whether the best is better than the recipe.

    More `trials` extend a search that has ended.

    Args:
        data: What `load_dataset` gave, or what it takes.
        recipe: A recipe with a table `[search]`: its name, the path of a TOML file, or a recipe.
        settings: `key=value` changes, such as `("search.optim.momentum={float=[0, 0.9]}",)`.
        path: The folder of the search; None for one in `runs`, named after what is searched.
        **options: `search` (random, hyperband or bayesian), `objective` (auroc, accuracy or loss), `trials`,
            `executions`, `epochs` and `seed`; `skip_bad`, `engine`, `address`, `jobs`, `wait`, `track`, `quiet` and
            more, as in `StudySettings`.

    Returns:
        The result, with `trials`, `best`, `importance`, `gain`, `table`, `sentences` and `notes`.

    Raises:
        RecipeError: A recipe without a space, or a space that it does not take.
        DataError: A number out of its range, unreadable images, or data from which nothing can be learnt.
        RunError: The folder contains something else, or no trial finished.
        EngineError: An engine that is unknown or cannot be reached.
    """
    from chestnut.jobs.machine import threads_per_job
    from chestnut.studies.tuning.plan import Terms, TuneFolder, apply_terms, make_tuneplan

    how, rest = split_options(StudySettings, options)
    refuse_unknown(rest, list(TuneOptions.__annotations__))
    terms, chosen = Terms(**rest), load_recipe(recipe, list(settings))
    apply_terms(chosen, terms)
    choice, track = check_engine(how, path)
    threads = threads_per_job()
    with choice.prepared(threads) as ready:
        images = read_data(data)
        plan, images = make_tuneplan(images, chosen, terms, threads, skip_bad=how.skip_bad, bars=how.shown.bar)
        folder = TuneFolder.begin(Path(path or Path(how.runs) / f"tune-{plan.digest}"), plan, images)
        return _tune(folder, how, ready, track)


def resume_tune(path: str | Path, *, trials: int | None = None, **options: Unpack[StudyOptions]) -> Tuning:
    """Continue a search that was stopped, or extend one.

    Args:
        path: The folder of the search.
        trials: The total number of trials; None for as many as planned.
        **options: How runs are trained; see `StudySettings`.

    Raises:
        RunError: There is no search, or no trial finished.
        DataError: `trials` below 1.
    """
    from chestnut.studies.tuning.plan import TuneFolder

    how, folder = read_options(StudySettings, options), TuneFolder(Path(path))
    choice, track = check_engine(how, path)
    if trials is not None:
        with folder.lock():
            folder.extend(trials)
    return _tune(folder, how, choice, track)


def _tune(folder: TuneFolder, how: StudySettings, choice: EngineChoice, track: tuple[str, ...]) -> Tuning:
    from chestnut.report.pages.tuning import write_tune_page
    from chestnut.studies.tuning.tune import tune

    plan = folder.plan
    total = (plan.trials + 1) * plan.executions
    what = f"{plan.trials} trials and the recipe's own settings, {_count_runs(total, plan.recipe.train.epochs)}"
    with _jobs(folder, how, choice, track, total, what) as setup:
        result = tune(folder, setup)
    write_tune_page(folder, folder.page_file)
    return replace(result, path=folder.path)


def _count_runs(runs: int, epochs: int | None) -> str:
    """Say how many runs there are and how long each may be."""
    return f"{runs} {'run' if runs == 1 else 'runs'} of at most {epochs} {'epoch' if epochs == 1 else 'epochs'}"


def check_engine(how: StudySettings, path: str | Path | None) -> tuple[EngineChoice, tuple[str, ...]]:
    """Check the engine and the trackers before anything is read or written."""
    from chestnut.training.tracking.registry import open_trackers

    place = Path(path).parent if path else Path(how.runs)
    return how.choose_engine(), tuple(tracker.given for tracker in open_trackers(how.track, place))


@contextmanager
def _jobs(
    folder: StudyFolder[Any],
    how: StudySettings,
    choice: EngineChoice,
    track: tuple[str, ...],
    total: int,
    what: str,
) -> Iterator[JobOptions]:
    """Open the engine for the jobs of a study, with their progress shown.

    Raises:
        EngineError: The engine cannot be opened, or its cluster went away.
        DiskError: A run or a list of results cannot be written. Both say how to continue.
    """
    from chestnut.jobs.run_all import JobOptions

    try:
        with (
            choice.open(folder.plan.threads) as engine,
            how.shown.jobs(folder, total, what, engine.parallel) as listener,
        ):
            yield JobOptions(engine, how.command or f"chestnut.{folder.command}", listener, track)
    except (EngineError, DiskError) as error:
        again = f"chestnut {folder.command} --resume {folder.path}"
        raise type(error)(f"{error}; finished runs are kept; continue with {again}") from error
