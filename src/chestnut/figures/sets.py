"""Draw prediction sets: what share of each class's images is named alone, named among several, or missed."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from chestnut.evaluation.set_figures import SetFigures
from chestnut.figures.saving import remove_both, save_both
from chestnut.figures.style import (
    INK,
    SERIES,
    TICK,
    add_legend,
    legend_line,
    new_figure,
    set_title,
    shorten,
    style_axes,
)

_ALONE, _AMONG, _MISSED = SERIES[0], "#a9cbe4", SERIES[1]


def sets_figure(figures: SetFigures) -> Figure:
    """Draw a bar for each class: sets with its name alone, with its name among several, and without it."""
    figure = new_figure(8.6, 1.8 + 0.5 * len(figures.outcomes))
    axes = style_axes(figure.subplots(), "share of the images of a class", "")
    for at, (name, outcome) in enumerate(figures.outcomes.items()):
        _draw_bar(axes, at, outcome)
        text = f"covered {figures.covered_by_class[name]}"
        axes.annotate(text, (1.02, at), xycoords=("axes fraction", "data"), va="center", size=TICK, color=INK)
    axes.axvline(figures.coverage, color=INK, linewidth=1.2, dashes=(4, 3), zorder=4)
    axes.set_yticks(range(len(figures.outcomes)), [shorten(name, 24) for name in figures.outcomes])
    axes.set(xlim=(0, 1), ylim=(len(figures.outcomes) - 0.5, -0.5))
    axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    set_title(axes, "Prediction sets", "numbers: each patient weighs alike, with 95 % interval")
    whose = "of each class" if figures.per_class else "in all"
    entries = [
        legend_line(_ALONE, "the true class alone"),
        legend_line(_AMONG, "the true class among several"),
        legend_line(_MISSED, "without the true class"),
        legend_line(INK, f"promised: {figures.coverage:g} {whose}", dashed=True),
    ]
    add_legend(figure, entries, columns=2)
    return figure


def draw_sets(folder: Path, figures: SetFigures | None) -> None:
    """Write `sets.png` into the folder of an evaluation, or remove an earlier one if there are no sets.

    Raises:
        DiskError: The file cannot be written.
    """
    path = folder / "sets.png"
    if figures is None:
        remove_both(path)
    else:
        save_both(sets_figure(figures), path)


def _draw_bar(axes: Axes, at: int, outcome: dict[str, int]) -> None:
    images, start = sum(outcome.values()), 0.0
    for kind, colour in (("alone", _ALONE), ("among", _AMONG), ("missed", _MISSED)):
        share = outcome[kind] / images if images else 0.0
        axes.barh(at, share, left=start, height=0.56, color=colour, edgecolor="white", linewidth=0.8, zorder=3)
        start += share
