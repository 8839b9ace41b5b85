"""Continue the work of a folder: a training, a comparison, a cross-validation or a search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.errors import RunError

if TYPE_CHECKING:
    from chestnut.api.run import Run
    from chestnut.studies.comparison.leaderboard import Leaderboard
    from chestnut.studies.crossval.result import CrossValidation
    from chestnut.studies.tuning.result import Tuning


def resume(path: str | Path, **options: Any) -> Run | Leaderboard | CrossValidation | Tuning:
    """Continue a training, a comparison, a cross-validation or a search that was stopped or killed.

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
    from chestnut.api.studies import resume_comparison, resume_crossval, resume_tune
    from chestnut.api.training import resume_run
    from chestnut.files.reading import is_present

    calls = {
        "environment.json": resume_run,
        "plan.json": resume_comparison,
        "crossplan.json": resume_crossval,
        "tuneplan.json": resume_tune,
    }
    for name, call in calls.items():
        if is_present(Path(path) / name):
            return call(path, **options)  # type: ignore[operator,no-any-return]
    raise RunError(
        f"{path} contains no run and no study; give the folder of a training, comparison, cross-validation or search"
    )
