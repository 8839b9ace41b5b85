"""Figures: one function a figure, each of a result computed elsewhere; nothing is computed or shown here.

May be called by every room above `config`; calls `curves` and `metrics` for their results, `style` for
their looks, and `files` to save.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from chestnut.evaluation import curves
from chestnut.evaluation.curves import PrecisionRecallCurve, Reliability, RocCurve
from chestnut.evaluation.metric_names import heading
from chestnut.evaluation.metrics import Evaluation
from chestnut.figures.style import (
    INK,
    MARK,
    MUTED,
    RULE,
    SERIES,
    TICK,
    blank,
    dot,
    legend,
    line,
    plain,
    short,
    titled,
    unit_square,
)
from chestnut.files.atomic import replacing

if TYPE_CHECKING:
    import pandas as pd

_SHADES = LinearSegmentedColormap.from_list("shades", ["#f7f9fb", "#9dc3e0", "#08518c"])
_DPI = 150
_BAND = "band: 95 % of resamples of patients"


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, 150 dots an inch, atomically.

    Raises:
        DiskError: The file cannot be written.
    """
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=_DPI, format="png")


def confusion_figure(evaluation: Evaluation) -> Figure:
    """True against decided classes: the count, and its share of the true class, in each cell."""
    counts = np.array(evaluation.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    k = len(counts)
    names = [short(name, 18) for name in evaluation.classes]
    figure = blank(1.15 * k + 0.085 * max(map(len, names)) + 0.9, 1.15 * k + 1.6)
    axes = figure.subplots()
    axes.imshow(shares, cmap=_SHADES, vmin=0, vmax=1)
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
    plain(axes, "Decided class", "True class")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    rule = "likeliest class" if evaluation.threshold is None else f"threshold {evaluation.threshold:.3g}"
    titled(axes, "Confusion matrix", f"{evaluation.images:,} images · {rule}")
    return figure


def roc_figure(curves: Mapping[str, RocCurve]) -> Figure:
    """ROC curves, one a class, with their bands, AUROC and operating points."""
    figure = blank(5.4, 6.1)
    axes = unit_square(figure.subplots(), "False positive rate (1 − specificity)", "Sensitivity")
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=1, dashes=(4, 3), zorder=1)
    entries: list[Line2D] = []
    for (name, curve), colour in zip(curves.items(), cycle(SERIES), strict=False):
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(curve.false_positive_rate, curve.sensitivity, color=colour, linewidth=2, zorder=3)
        entries.append(line(colour, f"{short(name)}: AUROC {curve.area}"))
        if curve.operating_point is not None:
            rate, sensitivity = curve.operating_point
            text = f"threshold {curve.threshold:.3g}: sensitivity {sensitivity:.3f}, specificity {1 - rate:.3f}"
            entries.append(dot(axes, rate, sensitivity, colour, text))
    titled(axes, "ROC curve", _BAND if any(curve.grid for curve in curves.values()) else "")
    legend(figure, entries)
    return figure


def precision_recall_figure(curves: Mapping[str, PrecisionRecallCurve]) -> Figure:
    """Precision-recall curves, one a class, with their bands, AUPRC, prevalence and operating points."""
    figure = blank(5.4, 6.1)
    axes = unit_square(figure.subplots(), "Recall (sensitivity)", "Precision")
    entries: list[Line2D] = []
    for (name, curve), colour in zip(curves.items(), cycle(SERIES), strict=False):
        axes.axhline(curve.prevalence, color=colour, linewidth=1, alpha=0.6, dashes=(4, 3), zorder=1)
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(curve.recall, curve.precision, color=colour, linewidth=2, drawstyle="steps-pre", zorder=3)
        entries.append(line(colour, f"{short(name)}: AUPRC {curve.area}, prevalence {curve.prevalence:.3f}"))
        if curve.operating_point is not None:
            recall, precision = curve.operating_point
            text = f"threshold {curve.threshold:.3g}: recall {recall:.3f}, precision {precision:.3f}"
            entries.append(dot(axes, recall, precision, colour, text))
    band = f"{_BAND} · " if any(curve.grid for curve in curves.values()) else ""
    titled(axes, "Precision and recall", f"{band}dashed: prevalence")
    legend(figure, entries)
    return figure


def reliability_figure(curves: Mapping[str, Reliability]) -> Figure:
    """Observed against predicted share, one curve a class, above a histogram of the predictions."""
    figure = blank(5.4, 7.4)
    upper = unit_square(figure.subplots(), "", "Observed share")
    upper.tick_params(labelbottom=False)
    lower = plain(upper.inset_axes((0, -0.26, 1, 0.2), sharex=upper), "Predicted probability", "Images")
    upper.plot([0, 1], [0, 1], color=RULE, linewidth=1, dashes=(4, 3), zorder=1)
    entries = []
    for (name, curve), colour in zip(curves.items(), cycle(SERIES), strict=False):
        upper.vlines(curve.predicted, curve.low, curve.high, color=colour, linewidth=1, zorder=3)
        upper.plot(curve.predicted, curve.observed, color=colour, linewidth=1.6, zorder=4, **MARK, markersize=6)
        edges = np.linspace(0, 1, len(curve.histogram) + 1)
        lower.stairs(curve.histogram, edges, color=colour, fill=len(curves) == 1, alpha=0.8, linewidth=1.4)
        entries.append(line(colour, f"{short(name)}: calibration error {curve.error}"))
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    lower.set_ylim(bottom=0)
    titled(upper, "Reliability", "bars: 95 % Wilson intervals over patients")
    legend(figure, entries)
    return figure


def history_figure(history: pd.DataFrame, best_epoch: int | None = None) -> Figure:
    """Loss and metrics by epoch, of training and validation, with the best epoch marked.

    Args:
        history: One row an epoch: `epoch`, and of `loss`, `accuracy`, `balanced_accuracy`, `auroc` and the same with
            `val_` before them those that are known.
        best_epoch: The epoch whose weights were kept; the one of least validation loss where not given.
    """
    known = ("loss", "accuracy", "balanced_accuracy", "auroc")
    shown = [name for name in known if name in history or f"val_{name}" in history]
    if best_epoch is None and "val_loss" in history and history["val_loss"].notna().any():
        best_epoch = int(history["epoch"].to_numpy()[np.nanargmin(history["val_loss"].to_numpy())])
    figure = blank(3.6 * len(shown) + 0.4, 3.7)
    for axes, name in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        plain(axes, "Epoch", heading(name))
        for column, colour, width in ((name, MUTED, 1.4), (f"val_{name}", SERIES[0], 2.0)):
            if column in history:
                marker = "o" if len(history) < 3 else ""
                axes.plot(history["epoch"], history[column], color=colour, linewidth=width, marker=marker, markersize=4)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=SERIES[1], linewidth=1.2, dashes=(4, 3), zorder=1)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    entries = [line(MUTED, "training"), line(SERIES[0], "validation")]
    if best_epoch is not None:
        said = f"best epoch: {best_epoch}" if best_epoch else "best: the start"
        entries.append(line(SERIES[1], said, dashed=True))
    legend(figure, entries, columns=3)
    return figure


def sample_grid_figure(images: Iterable[npt.ArrayLike], titles: Sequence[str], ncols: int = 6) -> Figure:
    """Images in a grid, each under its title.

    Args:
        images: Grey images of values 0..255, each of shape (height, width).
        titles: One text an image, of one line or two; a long line is cut in its middle.
        ncols: Images in a row.
    """
    pictures = [np.asarray(image) for image in images]
    rows = -(-len(pictures) // ncols)
    columns = min(ncols, len(pictures))
    figure = blank(1.75 * columns, 2.1 * rows)
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if place < len(pictures):
            axes.imshow(pictures[place], cmap="gray", vmin=0, vmax=255)
            title = "\n".join(short(text, 22) for text in titles[place].splitlines())
            axes.set_title(title, size=7.5, color=INK, pad=4)
    return figure


def draw_evaluation(
    folder: Path,
    evaluation: Evaluation,
    targets: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    patients: npt.NDArray[np.str_],
) -> None:
    """Draw the confusion matrix, and the curves of every class that has images within it and without.

    Args:
        folder: Where the PNG files are to stand.
        evaluation: Of these images.
        targets: Class numbers, shape (n,).
        probabilities: Shape (n, k).
        patients: Identities, shape (n,).

    Raises:
        DiskError: A file cannot be written.
    """
    save(confusion_figure(evaluation), folder / "confusion.png")
    shown = [evaluation.positive] if evaluation.positive is not None else evaluation.classes
    columns = {name: evaluation.classes.index(name) for name in shown if 0 < evaluation.counts[name] < len(targets)}
    if not columns:
        return
    truth = {name: (targets == column, probabilities[:, column], patients) for name, column in columns.items()}
    threshold = evaluation.threshold
    roc = {name: curves.roc(*given, threshold=threshold) for name, given in truth.items()}
    save(roc_figure(roc), folder / "roc.png")
    ranked = {name: curves.precision_recall(*given, threshold=threshold) for name, given in truth.items()}
    save(precision_recall_figure(ranked), folder / "precision_recall.png")
    reliability = {name: curves.reliability(*given) for name, given in truth.items()}
    save(reliability_figure(reliability), folder / "reliability.png")
