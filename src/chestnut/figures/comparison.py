"""Draw a comparison: intervals side by side, and learning curves in one plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Literal

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import heading
from chestnut.figures.style import (
    INK,
    MARK,
    RULE,
    SERIES,
    TICK,
    add_legend,
    legend_line,
    new_figure,
    set_title,
    shorten,
    style_axes,
)

if TYPE_CHECKING:
    import pandas as pd

_DASHES: tuple[Literal["solid", "dashed", "dotted"], ...] = ("solid", "dashed", "dotted")


def forest_figure(
    estimates: Mapping[str, tuple[Estimate, int | None]],
    name: str = "AUROC",
    where: str = "the validation images",
    subtitle: str = "lines separate neighbours that the data can distinguish",
) -> Figure:
    """Draw a metric of each variant with its interval, the best on top; a line separates variants of different rank.

    Args:
        estimates: The metric and the rank by variant, the best first; the rank is None if nothing is ranked.
        name: The name of the metric.
        where: The images on which it was measured.
        subtitle: A line on how to read the figure.
    """
    figure = new_figure(9.6, 1.5 + 0.42 * len(estimates))
    axes = style_axes(figure.subplots(), f"{name} on {where}", "")
    places = [place for _, place in estimates.values()]
    for at, (estimate, _) in enumerate(estimates.values()):
        if estimate.value is None:
            continue
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [at, at], color="#8db8d8", linewidth=6, solid_capstyle="butt")
        axes.plot(estimate.value, at, color=SERIES[0], linestyle="", markersize=9, **MARK)
        axes.annotate(str(estimate), (1.01, at), xycoords=("axes fraction", "data"), va="center", size=TICK, color=INK)
        if at and places[at] != places[at - 1]:
            axes.axhline(at - 0.5, color=RULE, linewidth=1)
    axes.set_yticks(range(len(estimates)), [shorten(label, 40) for label in estimates])
    axes.set_ylim(len(estimates) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    set_title(axes, f"{name} with 95 % intervals", subtitle)
    return figure


def learning_figure(histories: Mapping[str, Sequence[pd.DataFrame]]) -> Figure:
    """Draw validation loss, accuracy and AUROC by epoch, with a colour per variant and a line per run.

    Args:
        histories: The histories of each variant's runs, the best variant first; a history has one row per epoch.
    """
    columns = ("val_loss", "val_accuracy", "val_auroc")
    figure = new_figure(11.2, 3.9)
    looks = [(colour, dashes) for dashes in _DASHES for colour in SERIES]
    for axes, column in zip(figure.subplots(1, len(columns)), columns, strict=True):
        style_axes(axes, "Epoch", heading(column))
        for runs, (colour, dashes) in zip(histories.values(), cycle(looks), strict=False):
            for history in filter(len, runs):  # classical models have no epochs
                marker = "o" if len(history) < 3 else ""
                style = {"color": colour, "linestyle": dashes, "marker": marker}
                axes.plot(history["epoch"], history[column], linewidth=1.8, markersize=4, **style)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    entries = []
    for label, (colour, dashes) in zip(histories, cycle(looks), strict=False):
        entries.append(legend_line(colour, shorten(label, 40)))
        entries[-1].set_linestyle(dashes)
    add_legend(figure, entries, columns=min(3, len(entries)))
    return figure
