"""The Python API of what trains many runs: `compare`, `crossval` and `tune`.

Called by users through `import chestnut`. It adds no abilities of its own: it plans, begins a folder, carries out and
writes the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.config import Recipe, load_recipe
from chestnut.data.manifest import Manifest

if TYPE_CHECKING:
    from chestnut.studies.comparison.leaderboard import Leaderboard
    from chestnut.studies.comparison.plan import TermsGiven
    from chestnut.studies.crossval.result import CrossValidation
    from chestnut.studies.tuning.plan import SearchGiven
    from chestnut.studies.tuning.result import Tuning


def compare(
    data: Manifest,
    recipes: Sequence[str | Path | Recipe],
    *,
    settings: Sequence[str] = (),
    grid: Sequence[str] = (),
    path: str | Path | None = None,
    fine_tune_best: bool = False,
    jobs: int | None = None,
    track: Sequence[str] = (),
    **terms: Unpack[TermsGiven],
) -> Leaderboard:
    """Train recipes on the same images for the same epochs, and test which are better; writes a page as well.

    The same call goes on with a comparison that was stopped.

    Args:
        data: What `load_dataset` gave.
        recipes: Names, paths of TOML files, or recipes.
        settings: `key=value` changes of all recipes, or `recipe:key=value` of one.
        grid: `key=value,value,…`: a variant for each value; several make every combination.
        path: The comparison's folder; None for one in `runs`, named after what is compared.
        fine_tune_best: Fine-tune the first of them too, if it has a backbone.
        jobs: Runs side by side; None for as many as cores and memory allow.
        track: Where else to keep each run; see `train`.
        **terms: `fraction`, the share of the training patients; `repeats`, `epochs` and `seed`.

    Returns:
        The leaderboard, with `table`, `sentences` and `notes`.

    Raises:
        RecipeError: A recipe, setting or grid that does not validate, or under two variants.
        DataError: Terms out of range, unreadable images, or data on which nothing can be learnt.
        RunError: The folder holds something else, or no run ended well.
    """
    from chestnut.jobs.local_engine import LocalEngine
    from chestnut.jobs.machine import threads_per_job
    from chestnut.jobs.run_all import JobOptions
    from chestnut.report.pages.comparison import write_comparison_page
    from chestnut.studies.comparison.compare import compare
    from chestnut.studies.comparison.plan import ComparisonFolder, Terms, make_plan
    from chestnut.studies.comparison.variants import make_variants
    from chestnut.training.tracking.registry import open_trackers

    place = Path(path).parent if path else Path("runs")
    tracked = tuple(one.given for one in open_trackers(track, place))
    threads = threads_per_job()
    plan, images = make_plan(data, make_variants(recipes, settings, grid), Terms(**terms), threads)
    folder = ComparisonFolder.begin(Path(path or f"runs/compare-{plan.digest}"), plan, images)
    setup = JobOptions(LocalEngine.sized(threads, jobs), track=tracked)
    board = compare(folder, setup, fine_tune_best)
    write_comparison_page(folder, folder.page_file)
    return board


def crossval(
    data: Manifest,
    recipe: str | Path | Recipe = "cnn-small",
    *,
    folds: int = 5,
    repeats: int = 1,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    jobs: int | None = None,
) -> CrossValidation:
    """Train a recipe once a fold of the patients, and judge each fold by the run that had not seen it; writes a page.

    The same call goes on with a cross-validation that was stopped.

    Args:
        data: What `load_dataset` gave; its own test split takes no part.
        recipe: A name, the path of a TOML file, or a recipe; its seed deals the folds.
        folds: How many; 2 or more.
        repeats: How many times they are dealt anew.
        settings: `key=value` changes, such as `("train.epochs=10",)`.
        path: Its folder; None for one in `runs`, named after its plan.
        jobs: Runs side by side; None for as many as cores and memory allow.

    Returns:
        The outcome, with `pooled`, `spread`, `parts` and `notes`.

    Raises:
        RecipeError: A recipe or setting that does not validate.
        DataError: Numbers out of range, more folds than a class has patients, or unreadable images.
        RunError: The folder holds something else, or a run did not end well.
    """
    from chestnut.jobs.local_engine import LocalEngine
    from chestnut.jobs.machine import threads_per_job
    from chestnut.jobs.run_all import JobOptions
    from chestnut.report.pages.crossval import write_crossval_page
    from chestnut.studies.crossval.crossval import crossval
    from chestnut.studies.crossval.plan import CrossFolder, make_crossplan

    threads = threads_per_job()
    plan, images = make_crossplan(data, load_recipe(recipe, settings), folds, repeats, threads)
    folder = CrossFolder.begin(Path(path or f"runs/crossval-{plan.digest}"), plan, images)
    result = crossval(folder, JobOptions(LocalEngine.sized(threads, jobs), "chestnut.crossval"))
    write_crossval_page(folder, folder.page_file)
    return result


def tune(
    data: Manifest,
    recipe: str | Path | Recipe,
    *,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    jobs: int | None = None,
    track: Sequence[str] = (),
    **terms: Unpack[SearchGiven],
) -> Tuning:
    """Search a recipe's space for better settings, and test whether the best is better; writes a page as well.

    The same call goes on with a search that was stopped; more trials extend it.

    Args:
        data: What `load_dataset` gave.
        recipe: A recipe with a table `[search]`: its name, the path of a TOML file, or a recipe.
        settings: `key=value` changes, such as `("search.optim.momentum={float=[0, 0.9]}",)`.
        path: The search's folder; None for one in `runs`, named after what is searched.
        jobs: Runs side by side; None for as many as cores and memory allow.
        track: Where else to keep each run; see `train`.
        **terms: `search` (random, hyperband or bayesian), `objective` (auroc, accuracy or loss), `trials`,
            `executions`, `epochs` and `seed`.

    Returns:
        The outcome, with `trials`, `best`, `importance`, `gain`, `table`, `sentences` and `notes`.

    Raises:
        RecipeError: A recipe without a space, or a space that it does not take.
        DataError: Terms out of range, unreadable images, or data on which nothing can be learnt.
        RunError: The folder holds something else, or no trial ended well.
    """
    from chestnut.jobs.local_engine import LocalEngine
    from chestnut.jobs.machine import threads_per_job
    from chestnut.jobs.run_all import JobOptions
    from chestnut.report.pages.tuning import write_tune_page
    from chestnut.studies.tuning.plan import Terms, TuneFolder, make_tuneplan
    from chestnut.studies.tuning.tune import tune
    from chestnut.training.tracking.registry import open_trackers

    place = Path(path).parent if path else Path("runs")
    tracked = tuple(one.given for one in open_trackers(track, place))
    threads = threads_per_job()
    plan, images = make_tuneplan(data, load_recipe(recipe, settings), Terms(**terms), threads)
    folder = TuneFolder.begin(Path(path or f"runs/tune-{plan.digest}"), plan, images)
    result = tune(folder, JobOptions(LocalEngine.sized(threads, jobs), "chestnut.tune", track=tracked))
    write_tune_page(folder, folder.page_file)
    return result
