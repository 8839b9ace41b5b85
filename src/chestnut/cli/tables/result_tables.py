"""Tables of the figures of a run or an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from chestnut.cli.shared.tables import table
from chestnut.evaluation.details.details import Details
from chestnut.evaluation.details.rows import detail_notes, detail_rows
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import SHOWN, in_words
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.evaluation.set_figures import SetFigures


def estimate(figure: dict[str, Any] | None) -> str:
    """Return a metric with its interval, for one cell.

    >>> estimate({"value": 0.943, "low": 0.921, "high": 0.962}), estimate({"value": 0.1, "low": -0.1, "high": 0.3})
    ('0.943 (0.921–0.962)', '0.100 (−0.100 to 0.300)')
    """
    if figure is None or figure["value"] is None:
        return "–"
    return str(Estimate(figure["value"], figure["low"], figure["high"]))


def metrics_table(title: str, metrics: dict[str, Any]) -> Table:
    """Return all metrics of an evaluation with 95 % intervals, with a column for each of more than two classes."""
    classes = list(metrics["per_class"]) if len(metrics["classes"]) > 2 else []
    made = table(title, ("metric", "all (95 % interval)", *classes), droppable=classes[::-1])
    for key in SHOWN:
        if key in metrics["metrics"]:
            each = [estimate(metrics["per_class"][label].get(key)) for label in classes]
            made.add_row(in_words(key), estimate(metrics["metrics"][key]), *each)
    return made


def confusion_table(metrics: dict[str, Any]) -> Table:
    """Return the confusion matrix of an evaluation: a row for each true class, a column for each decision."""
    classes = metrics["classes"]
    decided = [f"decided {name}" for name in classes]
    at = f" at the threshold {metrics['threshold']:.4g} of {metrics['positive']}" if metrics["positive"] else ""
    made = table(f"Images by class and decision{at}", ("class", *decided), decided, decided[::-1], "--json")
    for name, row in zip(classes, metrics["confusion"], strict=True):
        made.add_row(name, *(f"{count:,}" for count in row))
    return made


def sets_table(figures: SetFigures) -> Table:
    """Return the figures of prediction sets: how often they contain the true class, and how much they say."""
    classes = list(figures.covered_by_class)
    whose = "each class" if figures.per_class else "all patients together"
    made = table(
        f"Prediction sets at a coverage of {figures.coverage:g} for {whose}",
        ("figure", "all (95 % interval)", *classes),
        droppable=classes[::-1],
        elsewhere="--json",
    )
    covered = [str(one) for one in figures.covered_by_class.values()]
    made.add_row("sets with the true class, each patient alike", str(figures.covered), *covered)
    right = [str(one) for one in figures.right_by_class.values()]
    made.add_row("right where one class is named", str(figures.single_right), *right)
    made.add_row("sets with one class", str(figures.single), *[""] * len(classes))
    made.add_row("classes in a set, mean", str(figures.size), *[""] * len(classes))
    return made


def details_table(details: Details) -> Table:
    """Return what a paper reports beside the metrics, with a column for each of more than two classes."""
    classes = list(details.classes)
    made = table("In more detail", ("figure", *classes), droppable=classes[:0:-1], elsewhere="--json")
    for row in detail_rows(details, short=True):
        made.add_row(row.name, *("–" if str(cell) == "undefined" else str(cell) for cell in row.cells))
    made.footnotes.extend(detail_notes(details))
    return made


def run_table(run: RunFolder) -> Table:
    """Return the validation figures of a run that has just ended."""
    metrics = run.metrics("val")
    title = (
        f"{run.path}: best epoch {run.record.kept_epoch}, "
        f"{metrics['images']} validation images of {metrics['patients']} patients"
    )
    return metrics_table(title, metrics)
