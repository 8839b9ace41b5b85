"""Draw a check of maps: what each method passed, and where the evidence for each class lies."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.checks.map_check import MapCheck
from chestnut.explain.checks.method_check import Depth
from chestnut.explain.checks.rules import MOST_ALIKE
from chestnut.explain.checks.zones import PLACES
from chestnut.figures.style import (
    MARK,
    MUTED,
    SERIES,
    add_legend,
    legend_line,
    new_figure,
    set_title,
    shorten,
    style_axes,
)

_WIDTH, _ROW = 8.6, 0.3
_MARGIN = 1.5  # inches above and below the rows


def draw_tests(check: MapCheck) -> Figure:
    """Draw one panel a test, with a row for each method and a dashed line for chance or the limit."""
    lesions = check.methods[0].lesions
    made = {"lesions": lesions is not None, "labels": any("labels" in one.redrawn for one in check.methods)}
    panels = [panel for panel in _PANELS if made.get(panel, True)]
    figure = new_figure(_WIDTH, _MARGIN + _ROW * len(check.methods))
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(every, panels, strict=True):
        _PANELS[panel](axes, check)
        _finish(axes, [one.method for one in check.methods])
    entries = [legend_line(MUTED, "chance, or the limit of the rule", dashed=True)]
    if lesions is not None:
        names = ("share of the evidence in the lesion", "images whose maximum is there")
        entries = [*(legend_line(SERIES[row], name) for row, name in enumerate(names)), *entries]
    add_legend(figure, entries, len(entries))
    return figure


def draw_places(check: MapCheck) -> Figure:
    """Draw one panel a place, with a row for each method, a dot for each class and a tick for its share of the area."""
    rows = [one for one in check.methods if one.places]
    figure = new_figure(_WIDTH, _MARGIN + _ROW * max(1.5, len(check.classes) / 2) * len(rows))
    every = figure.subplots(1, len(PLACES), sharey=True)
    for axes, (place, title) in zip(every, PLACES.items(), strict=True):
        style_axes(axes, "share of the evidence", "")
        for at, method in enumerate(rows):
            for number, name in enumerate(check.classes):
                (found,) = (one for one in method.places if (one.of, one.place) == (name, place))
                height = at + _offset(number, len(check.classes))
                _draw(axes, height, found.share, SERIES[number % len(SERIES)])
                if found.chance is not None:
                    axes.plot(found.chance, height, marker="|", color=MUTED, markersize=10, markeredgewidth=2, zorder=2)
        axes.set_xlim(-0.02, 1.02)
        set_title(axes, title[0].upper() + title[1:], "")
        _finish(axes, [one.method for one in rows])
    entries = [legend_line(SERIES[row % len(SERIES)], shorten(name)) for row, name in enumerate(check.classes)]
    add_legend(figure, [*entries, legend_line(MUTED, "the place's share of the area", dashed=True)], len(entries) + 1)
    return figure


def _draw_lesions(axes: Axes, check: MapCheck) -> None:
    style_axes(axes, "share", "")
    for at, one in enumerate(check.methods):
        if one.lesions is not None:
            for offset, estimate, chance, colour in (
                (-0.17, one.lesions.mass, one.lesions.area, SERIES[0]),
                (0.17, one.lesions.hits, one.lesions.chance, SERIES[1]),
            ):
                _draw(axes, at + offset, estimate, colour)
                axes.plot(chance, at + offset, marker="|", color=MUTED, markersize=9, markeredgewidth=2, zorder=2)
    axes.set_xlim(-0.02, 1.02)
    set_title(axes, "In the lesions", "higher is better")


def _draw_weights(axes: Axes, check: MapCheck) -> None:
    _draw_likeness(axes, check, "all")
    set_title(axes, "Weights redrawn", "alike before and after; lower is better")


def _draw_labels(axes: Axes, check: MapCheck) -> None:
    _draw_likeness(axes, check, "labels")
    set_title(axes, "Labels shuffled", "alike if retrained; lower is better")


def _draw_likeness(axes: Axes, check: MapCheck, depth: Depth) -> None:
    style_axes(axes, "rank correlation", "")
    for at, one in enumerate(check.methods):
        if depth in one.redrawn:
            _draw(axes, at, one.redrawn[depth].correlation, SERIES[0])
    axes.axvline(MOST_ALIKE, color=MUTED, linewidth=1, dashes=(4, 3), zorder=1)
    axes.set_xlim(-0.02, 1.02)


def _draw_curves(axes: Axes, check: MapCheck) -> None:
    style_axes(axes, "gain over random order", "")
    for at, one in enumerate(check.methods):
        _draw(axes, at, one.curves.gain, SERIES[0])
    axes.axvline(0, color=MUTED, linewidth=1, dashes=(4, 3), zorder=1)
    set_title(axes, "Order of places", "insertion less deletion; higher is better")


_PANELS = {"lesions": _draw_lesions, "weights": _draw_weights, "labels": _draw_labels, "curves": _draw_curves}


def _draw(axes: Axes, at: float, estimate: Estimate, colour: str) -> None:
    if estimate.value is None:
        return
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [at, at], color=colour, alpha=0.4, linewidth=4, solid_capstyle="butt")
    axes.plot(estimate.value, at, color=colour, linestyle="", markersize=7, **MARK)


def _offset(number: int, count: int) -> float:
    return 0.0 if count == 1 else 0.5 * (number / (count - 1) - 0.5)


def _finish(axes: Axes, methods: Sequence[str]) -> None:
    axes.set_yticks(range(len(methods)), methods)
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
