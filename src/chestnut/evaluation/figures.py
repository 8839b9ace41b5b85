"""Figures: one function a figure, each of a result computed elsewhere; nothing is computed or shown here.

May be called by every room above `config`; calls `curves` and `metrics` for their results, and `files` to save. Figures
are plain `matplotlib.figure.Figure` objects: pyplot, its windows and its settings are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from chestnut.evaluation.curves import PrecisionRecallCurve, Reliability, RocCurve
from chestnut.evaluation.metrics import Evaluation
from chestnut.files import replacing

if TYPE_CHECKING:
    import pandas as pd

_INK, _MUTED, _RULE, _GRID = "#1f2a35", "#66727f", "#b8c1ca", "#e9edf1"
# Told apart in the common kinds of colour blindness and in grey print; after Okabe and Ito, darkened for thin lines.
_SERIES = ("#0868ac", "#d95f02", "#1b8a6b", "#a3508f", "#b8860b", "#4f5b66")
_SHADES = LinearSegmentedColormap.from_list("shades", ["#f7f9fb", "#9dc3e0", "#08518c"])
_TITLE, _LABEL, _TICK = 12, 10, 9
_DPI = 150
_MARK: dict[str, Any] = {"marker": "o", "markeredgecolor": "white", "markeredgewidth": 1, "clip_on": False}
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
    names = [_short(name, 18) for name in evaluation.classes]
    figure = _figure(1.15 * k + 0.085 * max(map(len, names)) + 0.9, 1.15 * k + 1.6)
    axes = figure.subplots()
    axes.imshow(shares, cmap=_SHADES, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        style: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "color": "white" if shares[row, column] > 0.55 else _INK,
        }
        share = f"{100 * shares[row, column]:.1f} %" if totals[row, 0] else "–"
        axes.text(column, row - 0.08, f"{count:,}", size=15, **style)
        axes.text(column, row + 0.18, share, size=_TICK, **style)
    axes.set_xticks(range(k), names, rotation=0 if k < 4 else 30, ha="center" if k < 4 else "right")
    axes.set_yticks(range(k), names)
    axes.set_xticks(np.arange(k - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(k - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=3)
    _plain(axes, "Decided class", "True class")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    rule = "likeliest class" if evaluation.threshold is None else f"threshold {evaluation.threshold:.3g}"
    _title(axes, "Confusion matrix", f"{evaluation.images:,} images · {rule}")
    return figure


def roc_figure(curves: Mapping[str, RocCurve]) -> Figure:
    """ROC curves, one a class, with their bands, AUROC and operating points."""
    figure = _figure(5.4, 6.1)
    axes = _unit_square(figure.subplots(), "False positive rate (1 − specificity)", "Sensitivity")
    axes.plot([0, 1], [0, 1], color=_RULE, linewidth=1, dashes=(4, 3), zorder=1)
    entries: list[Line2D] = []
    for (name, curve), colour in zip(curves.items(), cycle(_SERIES), strict=False):
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(curve.false_positive_rate, curve.sensitivity, color=colour, linewidth=2, zorder=3)
        entries.append(_line(colour, f"{_short(name)}: AUROC {curve.area}"))
        if curve.operating_point is not None:
            rate, sensitivity = curve.operating_point
            text = f"threshold {curve.threshold:.3g}: sensitivity {sensitivity:.3f}, specificity {1 - rate:.3f}"
            entries.append(_dot(axes, rate, sensitivity, colour, text))
    _title(axes, "ROC curve", _BAND if any(curve.grid for curve in curves.values()) else "")
    _legend(figure, entries)
    return figure


def precision_recall_figure(curves: Mapping[str, PrecisionRecallCurve]) -> Figure:
    """Precision-recall curves, one a class, with their bands, AUPRC, prevalence and operating points."""
    figure = _figure(5.4, 6.1)
    axes = _unit_square(figure.subplots(), "Recall (sensitivity)", "Precision")
    entries: list[Line2D] = []
    for (name, curve), colour in zip(curves.items(), cycle(_SERIES), strict=False):
        axes.axhline(curve.prevalence, color=colour, linewidth=1, alpha=0.6, dashes=(4, 3), zorder=1)
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(curve.recall, curve.precision, color=colour, linewidth=2, drawstyle="steps-pre", zorder=3)
        entries.append(_line(colour, f"{_short(name)}: AUPRC {curve.area}, prevalence {curve.prevalence:.3f}"))
        if curve.operating_point is not None:
            recall, precision = curve.operating_point
            text = f"threshold {curve.threshold:.3g}: recall {recall:.3f}, precision {precision:.3f}"
            entries.append(_dot(axes, recall, precision, colour, text))
    band = f"{_BAND} · " if any(curve.grid for curve in curves.values()) else ""
    _title(axes, "Precision and recall", f"{band}dashed: prevalence")
    _legend(figure, entries)
    return figure


def reliability_figure(curves: Mapping[str, Reliability]) -> Figure:
    """Observed against predicted share, one curve a class, above a histogram of the predictions."""
    figure = _figure(5.4, 7.4)
    upper = _unit_square(figure.subplots(), "", "Observed share")
    upper.tick_params(labelbottom=False)
    lower = _plain(upper.inset_axes((0, -0.26, 1, 0.2), sharex=upper), "Predicted probability", "Images")
    upper.plot([0, 1], [0, 1], color=_RULE, linewidth=1, dashes=(4, 3), zorder=1)
    entries = []
    for (name, curve), colour in zip(curves.items(), cycle(_SERIES), strict=False):
        upper.vlines(curve.predicted, curve.low, curve.high, color=colour, linewidth=1, zorder=3)
        upper.plot(curve.predicted, curve.observed, color=colour, linewidth=1.6, zorder=4, **_MARK, markersize=6)
        edges = np.linspace(0, 1, len(curve.histogram) + 1)
        lower.stairs(curve.histogram, edges, color=colour, fill=len(curves) == 1, alpha=0.8, linewidth=1.4)
        entries.append(_line(colour, f"{_short(name)}: calibration error {curve.error}"))
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    lower.set_ylim(bottom=0)
    _title(upper, "Reliability", "bars: 95 % Wilson intervals over patients")
    _legend(figure, entries)
    return figure


def history_figure(history: pd.DataFrame, best_epoch: int | None = None) -> Figure:
    """Loss and metrics by epoch, of training and validation, with the best epoch marked.

    Args:
        history: One row an epoch: `epoch`, and of `loss`, `accuracy`, `balanced_accuracy`, `auroc` and the same with
            `val_` before them those that are known.
        best_epoch: The epoch whose weights were kept; the one of least validation loss where not given.
    """
    named = {"loss": "Loss", "accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "auroc": "AUROC"}
    shown = [name for name in named if name in history or f"val_{name}" in history]
    if best_epoch is None and "val_loss" in history and history["val_loss"].notna().any():
        best_epoch = int(history["epoch"].to_numpy()[np.nanargmin(history["val_loss"].to_numpy())])
    figure = _figure(3.6 * len(shown) + 0.4, 3.7)
    for axes, name in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        _plain(axes, "Epoch", named[name])
        for column, colour, width in ((name, _MUTED, 1.4), (f"val_{name}", _SERIES[0], 2.0)):
            if column in history:
                marker = "o" if len(history) < 3 else ""
                axes.plot(history["epoch"], history[column], color=colour, linewidth=width, marker=marker, markersize=4)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=_SERIES[1], linewidth=1.2, dashes=(4, 3), zorder=1)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    entries = [_line(_MUTED, "training"), _line(_SERIES[0], "validation")]
    if best_epoch is not None:
        entries.append(_line(_SERIES[1], f"best epoch: {best_epoch}", dashed=True))
    _legend(figure, entries, columns=3)
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
    figure = _figure(1.75 * columns, 2.1 * rows)
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if place < len(pictures):
            axes.imshow(pictures[place], cmap="gray", vmin=0, vmax=255)
            title = "\n".join(_short(line, 22) for line in titles[place].splitlines())
            axes.set_title(title, size=7.5, color=_INK, pad=4)
    return figure


def _figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that leaves room for its own labels."""
    return Figure((width, height), facecolor="white", layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))


def _plain(axes: Axes, across: str, up: str) -> Axes:
    axes.set_xlabel(across, size=_LABEL, color=_INK, labelpad=8)
    axes.set_ylabel(up, size=_LABEL, color=_INK, labelpad=8)
    axes.tick_params(labelsize=_TICK, labelcolor=_INK, color=_RULE, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_RULE)
    axes.set_axisbelow(True)
    if not axes.images:
        axes.grid(color=_GRID, linewidth=0.8)
    return axes


def _unit_square(axes: Axes, across: str, up: str) -> Axes:
    _plain(axes, across, up)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    return axes


def _title(axes: Axes, title: str, subtitle: str) -> None:
    axes.set_title(title, loc="left", size=_TITLE, weight="bold", color=_INK, pad=25 if subtitle else 10)
    style: dict[str, Any] = {"size": _TICK, "color": _MUTED, "va": "bottom"}
    axes.annotate(subtitle, (0, 1), (0, 8), xycoords="axes fraction", textcoords="offset points", **style)


def _line(colour: str, label: str, dashed: bool = False) -> Line2D:
    style: dict[str, Any] = {"linewidth": 1, "dashes": (4, 3)} if dashed else {"linewidth": 2}
    return Line2D([], [], color=colour, label=label, **style)


def _dot(axes: Axes, across: float, up: float, colour: str, label: str) -> Line2D:
    (dot,) = axes.plot(across, up, color=colour, linestyle="", markersize=9, zorder=5, label=label, **_MARK)
    return dot


def _legend(figure: Figure, entries: list[Line2D], columns: int = 1) -> None:
    """A legend below the axes, where it hides nothing; the figure grows by its height."""
    figure.set_figheight(figure.get_figheight() + 0.19 * -(-len(entries) // columns))
    place: dict[str, Any] = {"loc": "outside lower center", "frameon": False, "ncols": columns}
    figure.legend(handles=entries, fontsize=_TICK, labelcolor=_INK, **place)


def _short(text: str, most: int = 32) -> str:
    half = most // 2
    return text if len(text) <= most else f"{text[: half - 1]}…{text[-half:]}"
