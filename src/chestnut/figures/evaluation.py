"""Draw an evaluation: the confusion matrix, ROC, precision-recall and reliability curves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from chestnut.evaluation import curves
from chestnut.evaluation.curves import PrecisionRecallCurve, Reliability, RocCurve
from chestnut.evaluation.details.calibration_line import CalibrationLine
from chestnut.evaluation.metrics import Evaluation
from chestnut.figures.decision_curve import decision_figure
from chestnut.figures.saving import save_both
from chestnut.figures.style import (
    HALF,
    INK,
    MARK,
    RULE,
    SERIES,
    TICK,
    add_legend,
    draw_point,
    legend_line,
    new_figure,
    set_title,
    shorten,
    style_axes,
    style_unit_square,
)

_SHADES = LinearSegmentedColormap.from_list("shades", ["#f7f9fb", "#9dc3e0", "#08518c"])
_BAND = "band: 95 % intervals"


def confusion_figure(evaluation: Evaluation) -> Figure:
    """Draw the confusion matrix: in each cell the count, and its share of the true class."""
    counts = np.array(evaluation.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    k = len(counts)
    names = [shorten(name, 18) for name in evaluation.classes]
    figure = new_figure(max(HALF, 0.9 * k + 0.085 * max(map(len, names)) + 0.9), 0.82 * k + 1.6)
    axes = figure.subplots()
    axes.imshow(shares, cmap=_SHADES, vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        style: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "color": "white" if shares[row, column] > 0.55 else INK,
        }
        share = f"{100 * shares[row, column]:.1f} %" if totals[row, 0] else "–"
        axes.text(column, row - 0.08, f"{count:,}", size=15, **style)
        axes.text(column, row + 0.18, share, size=TICK, **style)
    axes.set_xticks(range(k), names, rotation=0 if k < 4 else 30, ha="center" if k < 4 else "right")
    axes.set_yticks(range(k), names)
    axes.set_xticks(np.arange(k - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(k - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=3)
    style_axes(axes, "Decided class", "True class")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    rule = "most likely class" if evaluation.threshold is None else f"threshold {evaluation.threshold:.3g}"
    set_title(axes, "Confusion matrix", f"{evaluation.images:,} images · {rule}")
    return figure


def roc_figure(curves: Mapping[str, RocCurve]) -> Figure:
    """Draw an ROC curve per class, with its band, AUROC and operating point."""
    figure = new_figure(HALF, 5.0)
    axes = style_unit_square(figure.subplots(), "False positive rate (1 − specificity)", "Sensitivity")
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=1, dashes=(4, 3), zorder=1)
    entries: list[Line2D] = []
    for (name, curve), colour in zip(curves.items(), cycle(SERIES), strict=False):
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(curve.false_positive_rate, curve.sensitivity, color=colour, linewidth=2, zorder=3)
        entries.append(legend_line(colour, f"{shorten(name)}: AUROC {curve.area}"))
        if curve.operating_point is not None:
            rate, sensitivity = curve.operating_point
            text = f"at {curve.threshold:.3g}: sensitivity {sensitivity:.3f}, specificity {1 - rate:.3f}"
            entries.append(draw_point(axes, rate, sensitivity, colour, text))
    set_title(axes, "ROC curve", _BAND if any(curve.grid for curve in curves.values()) else "")
    add_legend(figure, entries)
    return figure


def precision_recall_figure(curves: Mapping[str, PrecisionRecallCurve]) -> Figure:
    """Draw a precision-recall curve per class, with its band, AUPRC, prevalence and operating point."""
    figure = new_figure(HALF, 5.0)
    axes = style_unit_square(figure.subplots(), "Recall (sensitivity)", "Precision")
    entries: list[Line2D] = []
    for (name, curve), colour in zip(curves.items(), cycle(SERIES), strict=False):
        axes.axhline(curve.prevalence, color=colour, linewidth=1, alpha=0.6, dashes=(4, 3), zorder=1)
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(curve.recall, curve.precision, color=colour, linewidth=2, drawstyle="steps-pre", zorder=3)
        rare = f"; prevalence {curve.prevalence:.3f}" if len(curves) > 1 else ""
        entries.append(legend_line(colour, f"{shorten(name)}: AUPRC {curve.area}{rare}"))
        if curve.operating_point is not None:
            recall, precision = curve.operating_point
            text = f"at {curve.threshold:.3g}: recall {recall:.3f}, precision {precision:.3f}"
            entries.append(draw_point(axes, recall, precision, colour, text))
    band = f"{_BAND} · " if any(curve.grid for curve in curves.values()) else ""
    rare = f" {next(iter(curves.values())).prevalence:.3f}" if len(curves) == 1 else ""
    set_title(axes, "Precision and recall", f"{band}dashed: prevalence{rare}")
    add_legend(figure, entries)
    return figure


def reliability_figure(
    curves: Mapping[str, Reliability],
    title: str = "Reliability",
    lines: Mapping[str, CalibrationLine] | None = None,
) -> Figure:
    """Draw, for each class, the observed share against the predicted probability, above a histogram of predictions.

    Args:
        curves: The shares of each class.
        title: The title.
        lines: The recalibration of each class, to be drawn as a curve; None for none.
    """
    figure = new_figure(HALF, 5.75)
    upper = style_unit_square(figure.subplots(), "", "Observed share")
    upper.tick_params(labelbottom=False)
    lower = style_axes(upper.inset_axes((0, -0.26, 1, 0.2), sharex=upper), "Predicted probability", "Images")
    upper.plot([0, 1], [0, 1], color=RULE, linewidth=1, dashes=(4, 3), zorder=1)
    entries = []
    for (name, curve), colour in zip(curves.items(), cycle(SERIES), strict=False):
        upper.vlines(curve.predicted, curve.low, curve.high, color=colour, linewidth=1, zorder=3)
        upper.plot(curve.predicted, curve.observed, color=colour, linewidth=1.6, zorder=4, **MARK, markersize=6)
        edges = np.linspace(0, 1, len(curve.histogram) + 1)
        lower.stairs(curve.histogram, edges, color=colour, fill=len(curves) == 1, alpha=0.8, linewidth=1.4)
        entries.append(legend_line(colour, f"{shorten(name)}: calibration error {curve.error}"))
        line = None if lines is None else lines.get(name)
        if line is not None and line.slope.value is not None and line.intercept.value is not None:
            chances = np.linspace(0.001, 0.999, 200)
            recalibrated = 1 / (1 + np.exp(-line.intercept.value) * (1 / chances - 1) ** line.slope.value)
            upper.plot(chances, recalibrated, color=colour, linewidth=1, dashes=(4, 3), zorder=2)
            entries.append(legend_line(colour, f"calibration slope {line.slope}", dashed=True))
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    lower.set_ylim(bottom=0)
    set_title(upper, title, "bars: 95 % intervals")
    add_legend(figure, entries)
    return figure


def evaluation_figures(
    evaluation: Evaluation,
    targets: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    patients: npt.NDArray[np.str_],
) -> dict[str, Figure]:
    """Draw the confusion matrix, and the curves of every class for which some images are positive and some negative.

    Args:
        evaluation: The evaluation of the images.
        targets: The class numbers, shape (n,).
        probabilities: The probability of each class, shape (n, k).
        patients: The patients' identities, shape (n,).

    Returns:
        The figures by their names: confusion, roc, precision_recall, decision_curve and reliability.
    """
    drawn = {"confusion": confusion_figure(evaluation)}
    shown = [evaluation.positive] if evaluation.positive is not None else evaluation.classes
    columns = {name: evaluation.classes.index(name) for name in shown if 0 < evaluation.counts[name] < len(targets)}
    if not columns:
        return drawn
    truth = {name: (targets == column, probabilities[:, column], patients) for name, column in columns.items()}
    threshold = evaluation.threshold
    drawn["roc"] = roc_figure({name: curves.roc(*given, threshold=threshold) for name, given in truth.items()})
    ranked = {name: curves.precision_recall(*given, threshold=threshold) for name, given in truth.items()}
    drawn["precision_recall"] = precision_recall_figure(ranked)
    details = evaluation.details
    if details is not None:
        worth = {name: found.decision_curve for name, found in details.classes.items()}
        drawn["decision_curve"] = decision_figure(worth)
    reliability = {name: curves.reliability(*given) for name, given in truth.items()}
    lines = None if details is None else {name: found.line for name, found in details.classes.items()}
    drawn["reliability"] = reliability_figure(reliability, lines=lines)
    return drawn


def draw_evaluation(
    folder: Path,
    evaluation: Evaluation,
    targets: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    patients: npt.NDArray[np.str_],
) -> None:
    """Write the figures of an evaluation into a folder, each as PNG and as SVG; see `evaluation_figures`.

    Raises:
        DiskError: A file cannot be written.
    """
    for name, figure in evaluation_figures(evaluation, targets, probabilities, patients).items():
        save_both(figure, folder / f"{name}.png")
