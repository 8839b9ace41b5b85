"""Draw a comparison: intervals side by side, paired differences, and learning curves in one plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Literal

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chestnut.evaluation.comparison import Pair
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import heading
from chestnut.figures.style import (
    INK,
    MARK,
    MUTED,
    RULE,
    SERIES,
    TICK,
    WHOLE,
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
    figure = new_figure(WHOLE, 1.5 + 0.42 * len(estimates))
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


def difference_figure(pairs: Sequence[Pair], name: str = "AUROC") -> Figure:
    """Draw the paired difference of every two networks that were tested, with its interval, against a line at 0.

    Args:
        pairs: The tests. One without a difference has an empty row.
        name: The name of the metric.

    Returns:
        A row for each pair, between the names of its networks: a point on the side of one speaks for it. Dark are
        differences that are more than chance, after the correction for all tests.
    """
    figure = new_figure(WHOLE, 1.5 + 0.42 * len(pairs))
    axes = style_axes(figure.subplots(), f"Difference of {name}, on the same patients", "")
    reach = [abs(end) for one in pairs for end in (one.difference.low, one.difference.high) if end is not None]
    most = 1.1 * max(reach, default=0.1) or 0.1
    for at, one in enumerate(pairs):
        found = one.difference
        if found.value is None:
            continue
        colour = SERIES[0] if one.distinguishable else MUTED
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [at, at], color=colour, alpha=0.4, linewidth=6, solid_capstyle="butt")
        axes.plot(found.value, at, color=colour, linestyle="", markersize=9, **MARK)
    axes.axvline(0, color=INK, linewidth=1.2, zorder=1)
    axes.set(xlim=(-most, most), ylim=(len(pairs) - 0.5, -0.5))
    axes.set_yticks(range(len(pairs)), [f"{shorten(one.worse, 28)}  ◂" for one in pairs])
    other = axes.secondary_yaxis("right")
    other.set_yticks(range(len(pairs)), [f"▸  {shorten(one.better, 28)}" for one in pairs])
    other.tick_params(labelsize=TICK, labelcolor=INK, length=0)
    other.spines["right"].set_visible(False)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    set_title(axes, "Who is better", "each point lies on the side of the better network; bars: 95 % intervals")
    entries = [legend_line(SERIES[0], "told apart"), legend_line(MUTED, "not distinguishable")]
    add_legend(figure, entries, columns=2)
    return figure


def learning_figure(histories: Mapping[str, Sequence[pd.DataFrame]]) -> Figure:
    """Draw validation loss, accuracy and AUROC by epoch, with a colour per variant and a line per run.

    Args:
        histories: The histories of each variant's runs, the best variant first; a history has one row per epoch.
    """
    columns = ("val_loss", "val_accuracy", "val_auroc")
    figure = new_figure(WHOLE, 3.4)
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
