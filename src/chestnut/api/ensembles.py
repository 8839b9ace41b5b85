"""Calls that join networks to an ensemble: those of runs that are there, or of new ones that differ in their seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import DisplayOptions, DisplaySettings, StudyOptions, StudySettings, read_options
from chestnut.api.run import Run, open_folder
from chestnut.api.studies import check_engine, run_comparison
from chestnut.config import Recipe, load_recipe
from chestnut.errors import RunError
from chestnut.limits import MOST_ROUNDS, require_between
from chestnut.runs.places import free_folder, require_free

if TYPE_CHECKING:
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.studies.comparison.seeds_folder import SeedsFolder


def ensemble(
    runs: Sequence[str | Path | Run],
    *,
    path: str | Path | None = None,
    parent: str | Path = "runs",
    **options: Unpack[DisplayOptions],
) -> Run:
    """Make one run of several, whose network gives the mean of their calibrated probabilities.

    The ensemble is evaluated only on images that trained none of its members.

    Args:
        runs: Two or more runs, or their folders, with one input and the same classes.
        path: The folder of the ensemble; None for the next free `<parent>/ensemble-<number>`.
        parent: The folder in which an ensemble without a `path` gets its folder.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Raises:
        RunError: A run has not finished or is given twice, they do not fit together, or the folder is taken.
        BundleError: A bundle is missing or was changed.
    """
    from chestnut.models.framework import load_framework

    how = read_options(DisplaySettings, options)
    folder = Path(path) if path is not None else free_folder(Path(parent), "ensemble")
    require_free(folder)
    members = [open_folder(run) for run in runs]
    load_framework()
    from chestnut.studies.ensemble import ensemble

    command = how.command or "chestnut.ensemble"
    return Run(ensemble(members, folder, numbered=path is None, command=command, bars=how.shown.bar))


def train_ensemble(
    data: Data,
    recipe: str | Path | Recipe = "cnn-small",
    *,
    seeds: int = 3,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    **options: Unpack[StudyOptions],
) -> Run:
    """Train a recipe several times on one split, each time with another seed, and join the networks to an ensemble.

    The same call continues an ensemble that was stopped.

    Args:
        data: What `load_dataset` gave, or what it takes.
        recipe: A name, the path of a TOML file, or a recipe. Its seed decides the split and is that of the first
            network; the others have the seeds that follow.
        seeds: The number of networks, 2 or more.
        settings: `key=value` changes, such as `("train.epochs=10",)`.
        path: The folder; None for one in `runs`, named after its plan. It contains the run of each seed, their
            comparison, and the ensemble in the folder `ensemble`.
        **options: `skip_bad`, `engine`, `address`, `jobs`, `wait`, `track`, `quiet` and more, as in `StudySettings`.

    Returns:
        The run of the ensemble.

    Raises:
        RecipeError: A recipe or setting that does not validate.
        DataError: A number of seeds out of its range, unreadable images, or data from which nothing can be learnt.
        RunError: The folder contains something else, or a run did not finish.
        EngineError: An engine that is unknown or cannot be reached.
    """
    from chestnut.jobs.machine import threads_per_job
    from chestnut.studies.comparison.plan import Terms, make_plan
    from chestnut.studies.comparison.seeds_folder import SeedsFolder
    from chestnut.studies.comparison.variants import Variant

    how = read_options(StudySettings, options)
    require_between(2, MOST_ROUNDS, " networks; chestnut train makes one", seeds=seeds)
    chosen = load_recipe(recipe, list(settings))
    terms = Terms(repeats=seeds, seed=chosen.seed)
    terms.check()
    choice, track = check_engine(how, path)
    variant = Variant(chosen.name, chosen)
    images, threads = read_data(data), threads_per_job()
    plan, images = make_plan(images, (variant,), terms, threads, skip_bad=how.skip_bad, bars=how.shown.bar)
    folder = SeedsFolder.begin(Path(path or Path(how.runs) / f"ensemble-{plan.digest}"), plan, images)
    return _join_seeds(folder, how, choice, track)


def resume_ensemble(path: str | Path, **options: Unpack[StudyOptions]) -> Run:
    """Continue an ensemble of seeds that was stopped.

    Args:
        path: The folder that `train_ensemble` made.
        **options: How runs are trained; see `StudySettings`.

    Raises:
        RunError: There is no ensemble of seeds, or a run did not finish.
    """
    from chestnut.studies.comparison.seeds_folder import SeedsFolder

    how, folder = read_options(StudySettings, options), SeedsFolder(Path(path))
    return _join_seeds(folder, how, *check_engine(how, path))


def _join_seeds(folder: SeedsFolder, how: StudySettings, choice: EngineChoice, track: tuple[str, ...]) -> Run:
    """Train the runs that are missing, and join all of them unless that has been done."""
    members = folder.members
    board = run_comparison(folder, how, choice, track)
    if failed := board.rows[0].failed:
        raise RunError(
            f"{len(failed)} of {len(members)} runs failed, so there is no ensemble: {failed[0]}; the others are kept; "
            f"continue with chestnut ensemble --resume {folder.path}"
        )
    if folder.joined.finished:
        return Run(folder.joined)
    command = how.command or "chestnut.train_ensemble"
    runs = [run.path for run in members]
    return ensemble(runs, path=folder.joined.path, quiet=how.quiet, display=how.display, command=command)
