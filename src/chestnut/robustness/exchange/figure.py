"""Draw the figure of an exchange test: AUROC with its interval under every condition, for both kinds of donors."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.figures.style import INK, MARK, SERIES, TICK, add_legend, legend_line, new_figure, set_title, style_axes
from chestnut.robustness.exchange.exchange import Exchange

_OTHER, _SAME, _PLAIN = SERIES[1], SERIES[0], SERIES[2]
_APART = 0.16


def exchange_figure(exchange: Exchange) -> Figure:
    """Draw the AUROC with donors of another class and of the same class, and a line for the plain images."""
    figure = new_figure(8.6, 1.7 + 0.55 * len(exchange.conditions))
    axes = style_axes(figure.subplots(), "AUROC", "")
    for at, pair in enumerate(exchange.conditions):
        _draw(axes, at - _APART, pair.same.auroc, _SAME)
        _draw(axes, at + _APART, pair.other.auroc, _OTHER)
    entries = [legend_line(_SAME, "taken over from the same class"), legend_line(_OTHER, f"from {exchange.another}")]
    if exchange.plain.auroc.value is not None:
        axes.axvline(exchange.plain.auroc.value, color=_PLAIN, linewidth=1.4, dashes=(4, 3), zorder=1)
        entries.append(legend_line(_PLAIN, f"images as they are: {exchange.plain.auroc}", dashed=True))
    axes.set_yticks(range(len(exchange.conditions)), [pair.name for pair in exchange.conditions])
    axes.set_ylim(len(exchange.conditions) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    subtitle = "validation images with framing, greys or detail of others; bars: 95 % intervals"
    set_title(axes, "AUROC after an exchange", subtitle)
    add_legend(figure, entries)
    return figure


def _draw(axes: Axes, at: float, estimate: Estimate, colour: str) -> None:
    if estimate.value is None:
        return
    if estimate.low is not None and estimate.high is not None:
        ends = [estimate.low, estimate.high]
        axes.plot(ends, [at, at], color=colour, alpha=0.4, linewidth=5, solid_capstyle="butt")
    axes.plot(estimate.value, at, color=colour, linestyle="", markersize=8, **MARK)
    axes.annotate(str(estimate), (1.02, at), xycoords=("axes fraction", "data"), va="center", size=TICK, color=INK)
