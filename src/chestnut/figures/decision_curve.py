"""Draw decision curves: the net benefit of deciding by a network, against treating everybody or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from chestnut.evaluation.details.decision_curve import DecisionCurve
from chestnut.evaluation.details.rows import in_spans
from chestnut.figures.style import (
    HALF,
    INK,
    MUTED,
    SERIES,
    add_legend,
    legend_line,
    new_figure,
    set_title,
    shorten,
    style_axes,
)

# How far below 0 the axis goes, as a share of the highest net benefit there can be: below, nothing is worth reading.
_BELOW = 0.15


def decision_figure(curves: Mapping[str, DecisionCurve]) -> Figure:
    """Draw a decision curve per class; for one class also the curve of deciding every image positive."""
    figure = new_figure(HALF, 4.75)
    axes = style_axes(figure.subplots(), "Threshold probability", "Net benefit")
    most = max(curve.prevalence for curve in curves.values())
    axes.set(xlim=(0, 1), ylim=(-_BELOW * most, 1.06 * most))
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.axhline(0, color=INK, linewidth=1.2, zorder=2)
    entries = []
    for (name, curve), colour in zip(curves.items(), cycle(SERIES), strict=False):
        axes.fill_between(curve.thresholds, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(curve.thresholds, curve.net_benefit, color=colour, linewidth=2, zorder=4)
        entries.append(legend_line(colour, f"{shorten(name)}: worth more than both at {in_spans(curve.better)}"))
        style = MUTED if len(curves) == 1 else colour
        axes.plot(curve.thresholds, curve.treat_all, color=style, linewidth=1, dashes=(4, 3), zorder=3)
    entries.append(legend_line(MUTED, "every image decided positive", dashed=True))
    entries.append(legend_line(INK, "none decided positive: 0"))
    alone = next(iter(curves.values()))
    whose = "stated prevalence" if alone.stated else "prevalence"
    given = f" · {whose} {alone.prevalence:.3g}" if len(curves) == 1 or alone.stated else ""
    set_title(axes, "Decision curve", f"band: 95 % intervals{given}")
    add_legend(figure, entries)
    return figure
