"""Draw the figure of a stress validation: AUROC, sensitivity and specificity with their intervals under every shift.

The drawing is here and not among the other figures because those may not import this room's results.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import heading
from chestnut.figures.style import INK, MARK, SERIES, WHOLE, add_legend, legend_line, new_figure, style_axes
from chestnut.robustness.shift_effects import Judged, rank_shifts

_SHOWN = ("auroc", "sensitivity", "specificity")
_PLAIN, _MEAN = SERIES[2], SERIES[1]


def stress_figure(judged: Judged) -> Figure:
    """Draw the figures of every shift, the one that costs least at the top, and lines for plain images and the mean."""
    order = rank_shifts(judged.shifts)
    figure = new_figure(WHOLE, 1.2 + 0.26 * len(order))
    panels = figure.subplots(1, len(_SHOWN), sharey=True)
    for axes, name in zip(panels, _SHOWN, strict=True):
        style_axes(axes, "", "")
        axes.set_title(heading(name), loc="left", size=11, weight="bold", color=INK)
        _draw_line(axes, getattr(judged.plain, name), _PLAIN)
        if judged.mean is not None:
            _draw_line(axes, getattr(judged.mean, name), _MEAN)
        _draw_points(axes, [getattr(judged.shifts[shift], name) for shift in order])
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(-0.02, 1.02)
    panels[0].set_yticks(range(len(order)), order)
    panels[0].set_ylim(len(order) - 0.5, -0.5)
    entries = [legend_line(_PLAIN, "plain images", dashed=True)]
    if judged.mean is not None:
        entries.append(legend_line(_MEAN, f"mean over the {len(order)} shifts", dashed=True))
    add_legend(figure, entries, columns=2)
    return figure


def _draw_line(axes: Axes, estimate: Estimate, colour: str) -> None:
    if estimate.value is not None:
        axes.axvline(estimate.value, color=colour, linewidth=1.4, dashes=(4, 3), zorder=1)


def _draw_points(axes: Axes, estimates: Sequence[Estimate]) -> None:
    for at, one in enumerate(estimates):
        if one.value is None:
            continue
        if one.low is not None and one.high is not None:
            axes.plot([one.low, one.high], [at, at], color="#8db8d8", linewidth=4.5, solid_capstyle="butt")
        axes.plot(one.value, at, color=SERIES[0], linestyle="", markersize=7, **MARK)
