"""Read what a paper reports beside the metrics, for the report of a run."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.evaluation.details.details import Details, Predicted, compute_details
from chestnut.evaluation.details.rows import DetailRow, detail_notes, detail_rows
from chestnut.evaluation.metrics import Evaluation
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class DetailSection:
    """The details of one evaluation.

    Attributes:
        classes: The classes that have a column.
        rows: The rows of the table.
        notes: What to know before reading them.
        anew: Whether they were computed for this page from the saved predictions.
    """

    classes: tuple[str, ...]
    rows: tuple[DetailRow, ...]
    notes: tuple[str, ...]
    anew: bool


def read_details(run: RunFolder, name: str, evaluation: Evaluation) -> DetailSection | None:
    """Return the details of an evaluation; None where all images are of one class, or no predictions are left.

    An evaluation of an earlier version has none, so they are computed from its predictions.csv.

    Args:
        run: The run.
        name: The name of the evaluation.
        evaluation: The figures.

    Raises:
        DataError: predictions.csv is damaged.
    """
    details, anew = evaluation.details, False
    if details is None and (run.evaluation(name) / "predictions.csv").exists():
        details, anew = _compute(run, name, evaluation), True
    if details is None or not details.classes:
        return None
    return DetailSection(tuple(details.classes), tuple(detail_rows(details)), tuple(detail_notes(details)), anew)


def _compute(run: RunFolder, name: str, evaluation: Evaluation) -> Details:
    table = run.predictions(name, evaluation.classes)
    return compute_details(
        Predicted(
            table.targets,
            table.probabilities,
            table.patients,
            evaluation.classes,
            evaluation.positive,
            evaluation.threshold,
        )
    )
