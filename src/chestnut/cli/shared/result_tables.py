"""How runs and evaluations are shown as tables."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from chestnut.cli.shared.output import table
from chestnut.evaluation.metric_names import SHOWN, in_words
from chestnut.runs.folder import RunFolder


def estimate(figure: dict[str, Any] | None) -> str:
    """A metric with its interval in one cell.

    >>> estimate({"value": 0.943, "low": 0.921, "high": 0.962})
    '0.943 (0.921–0.962)'
    """
    if figure is None or figure["value"] is None:
        return "–"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


def metrics_table(title: str, metrics: dict[str, Any]) -> Table:
    """All metrics of one evaluation with their 95 % intervals, one column a class where there are more than two."""
    classes = list(metrics["per_class"]) if len(metrics["classes"]) > 2 else []
    made = table(title, ("metric", "all (95 % interval)", *classes), droppable=classes[::-1])
    for key in SHOWN:
        if key in metrics["metrics"]:
            each = [estimate(metrics["per_class"][label].get(key)) for label in classes]
            made.add_row(in_words(key), estimate(metrics["metrics"][key]), *each)
    return made


def run_table(run: RunFolder) -> Table:
    """The validation figures of a run that has just ended."""
    metrics = run.metrics("val")
    title = (
        f"{run.path}: best epoch {run.record.kept_epoch}, "
        f"{metrics['images']} validation images of {metrics['patients']} patients"
    )
    return metrics_table(title, metrics)
