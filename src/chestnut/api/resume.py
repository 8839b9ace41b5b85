"""Continue the work of a folder: a training, or a study of many runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.errors import RunError

if TYPE_CHECKING:
    from chestnut.api.run import Run
    from chestnut.studies.comparison.control import Control
    from chestnut.studies.comparison.leaderboard import Leaderboard
    from chestnut.studies.crossval.result import CrossValidation
    from chestnut.studies.tuning.result import Tuning


def resume(path: str | Path, **options: Any) -> Run | Leaderboard | Control | CrossValidation | Tuning:
    """Continue a training, or a study of many runs such as a comparison or a search, that was stopped or killed.

    Args:
        path: Its folder.
        **options: For a run, those of `train`. For a study, those that say how runs are trained, as in `StudySettings`,
            and `trials` to extend a search.

    Returns:
        What the first call would have returned.

    Raises:
        RunError: The folder contains nothing that can be continued.
        TypeError: A keyword that does not belong to what the folder contains.
    """
    from chestnut.api.studies import resume_crossval, resume_tune
    from chestnut.api.training import resume_run
    from chestnut.files.reading import is_present

    calls = {
        "environment.json": resume_run,
        "plan.json": _resume_plan,
        "crossplan.json": resume_crossval,
        "tuneplan.json": resume_tune,
    }
    for name, call in calls.items():
        if is_present(Path(path) / name):
            return call(path, **options)  # type: ignore[operator,no-any-return]
    raise RunError(
        f"{path} contains no run and no study; give the folder of a training, comparison, cross-validation or search"
    )


def _resume_plan(path: str | Path, **options: Any) -> Leaderboard | Control | Run:
    """Continue a control experiment, an ensemble of seeds, or another comparison."""
    from chestnut.api.control import resume_control
    from chestnut.api.ensembles import resume_ensemble
    from chestnut.api.studies import resume_comparison
    from chestnut.studies.comparison.plan import ComparisonFolder

    calls = {"compare": resume_comparison, "control": resume_control, "ensemble": resume_ensemble}
    return calls[ComparisonFolder(Path(path)).plan.command](path, **options)  # type: ignore[operator,no-any-return]
