"""The control experiment: train one recipe on whole images, on the lungs alone, and on everything but the lungs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import StudyOptions, StudySettings, read_options, refuse_unknown, split_options
from chestnut.api.studies import CompareOptions, check_engine, run_comparison
from chestnut.config import Recipe, load_recipe

if TYPE_CHECKING:
    from chestnut.studies.comparison.control import Control


def control(
    data: Data,
    recipe: str | Path | Recipe = "cnn-small",
    *,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    **options: Unpack[CompareOptions],
) -> Control:
    """Train a recipe on whole images, on the lungs alone and on everything but the lungs, and compare the three.

    All three see the same images in the same split for the same epochs. Images in which no lungs are found are left
    out. Nothing is learnt from the test split.

    Args:
        data: What `load_dataset` gave, or what it takes.
        recipe: A name, the path of a TOML file, or a recipe.
        settings: `key=value` changes, such as `("train.epochs=10",)`.
        path: The folder of the experiment; None for one in `runs`, named after its plan.
        **options: `fraction` (share of the training patients), `repeats`, `epochs` and `seed`; `skip_bad`, `engine`,
            `address`, `jobs`, `wait`, `track`, `quiet` and more, as in `StudySettings`.

    Returns:
        The result, with `sentence`, `share`, `arms`, `pairs` and `notes`.

    Raises:
        RecipeError: A recipe or setting that does not validate, or a recipe that blanks a part of the images itself.
        DataError: A number out of its range, unreadable images, or data in which too few lungs are found.
        RunError: The folder contains something else, or no run finished.
        EngineError: An engine that is unknown or cannot be reached.
    """
    from chestnut.jobs.machine import threads_per_job
    from chestnut.studies.comparison.arms import leave_out_without_lungs, make_arms
    from chestnut.studies.comparison.control_folder import ControlFolder
    from chestnut.studies.comparison.plan import ControlTerms, Terms, make_plan

    how, rest = split_options(StudySettings, options)
    refuse_unknown(rest, list(CompareOptions.__annotations__))
    terms = Terms(**rest)
    terms.check()
    chosen = load_recipe(recipe, list(settings))
    arms = make_arms(chosen)
    choice, track = check_engine(how, path)
    images, bars = read_data(data), how.shown.bar
    kept = leave_out_without_lungs(images, arms, skip_bad=how.skip_bad, bars=bars)
    what = ControlTerms(chosen.name, len(images) - len(kept))
    plan, kept = make_plan(kept, arms, terms, threads_per_job(), skip_bad=how.skip_bad, bars=bars, control=what)
    folder = ControlFolder.begin(Path(path or Path(how.runs) / f"control-{plan.digest}"), plan, kept)
    run_comparison(folder, how, choice, track)
    return replace(folder.control, path=folder.path)


def resume_control(path: str | Path, **options: Unpack[StudyOptions]) -> Control:
    """Continue a control experiment that was stopped.

    Args:
        path: The folder of the experiment.
        **options: How runs are trained; see `StudySettings`.

    Raises:
        RunError: There is no control experiment, or no run finished.
    """
    from chestnut.studies.comparison.control_folder import ControlFolder

    how, folder = read_options(StudySettings, options), ControlFolder(Path(path))
    run_comparison(folder, how, *check_engine(how, path))
    return replace(folder.control, path=folder.path)
