"""Read the evaluations of a run, with the intervals of earlier versions computed anew."""

from __future__ import annotations

from dataclasses import replace

from chestnut.errors import DataError
from chestnut.evaluation.metrics import INTERVALS, Evaluation, evaluate
from chestnut.runs.folder import RunFolder

_ANEW = (
    "The intervals are computed anew from the saved predictions; those saved with the run are percentiles of "
    "resamples, which are often too narrow."
)
_SAVED = (
    "These intervals were made by an earlier version: percentiles of resamples, which are often too narrow. Evaluate "
    "the images again for others."
)


def read_evaluation(run: RunFolder, name: str) -> Evaluation:
    """Read an evaluation of a run; see `RunFolder.evaluation` for its name.

    Intervals made by an earlier version are computed anew where the predictions are saved beside them, with the same
    threshold and seed. A note says so; another says so where they are not.

    Raises:
        RunError: There is no such evaluation, or its file was changed.
        DataError: The metrics.json or the predictions.csv is damaged.
    """
    path = run.evaluation(name) / "metrics.json"
    try:
        saved = Evaluation.from_dict(run.metrics(name))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if saved.intervals == INTERVALS:
        return saved
    renewed = _compute_anew(run, name, saved)
    if renewed is None:
        return replace(saved, notes=(*saved.notes, _SAVED))
    return replace(
        saved,
        metrics=renewed.metrics,
        per_class=renewed.per_class,
        notes=(*renewed.notes, _ANEW),
        intervals=INTERVALS,
    )


def _compute_anew(run: RunFolder, name: str, saved: Evaluation) -> Evaluation | None:
    """Return the evaluation of the saved predictions; None where there are none, or they are not those it judged."""
    if not (run.evaluation(name) / "predictions.csv").exists():
        return None
    table = run.predictions(name, saved.classes)
    if len(table.frame) != saved.images:
        return None
    threshold = 0.5 if saved.threshold is None else saved.threshold
    known = table.targets, table.probabilities, table.patients, saved.classes
    found = evaluate(*known, saved.positive, threshold, saved.resamples, saved.seed)
    return found if found.confusion == saved.confusion else None
