"""Draw the figure of a stress validation: AUROC with its interval under every shift.

The drawing is here and not among the other figures because those may not import this room's results.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from chestnut.figures.style import INK, MARK, SERIES, TICK, add_legend, legend_line, new_figure, set_title, style_axes
from chestnut.robustness.shift_effects import Judged


def stress_figure(judged: Judged) -> Figure:
    """Draw the AUROC of every shift with its interval, the best at the top, and lines for plain images and the mean."""
    shown = {name: figures.auroc for name, figures in judged.shifts.items()}
    order = sorted(shown, key=lambda name: -(shown[name].value or 0))
    figure = new_figure(8.6, 1.6 + 0.3 * len(order))
    axes = style_axes(figure.subplots(), "AUROC", "")
    for at, name in enumerate(order):
        estimate = shown[name]
        if estimate.value is None:
            continue
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [at, at], color="#8db8d8", linewidth=5, solid_capstyle="butt")
        axes.plot(estimate.value, at, color=SERIES[0], linestyle="", markersize=8, **MARK)
        axes.annotate(str(estimate), (1.02, at), xycoords=("axes fraction", "data"), va="center", size=TICK, color=INK)
    entries = []
    lines = [("plain images", judged.plain.auroc, SERIES[2])]
    if judged.mean is not None:
        lines.append((f"mean over the {len(order)} shifts", judged.mean.auroc, SERIES[1]))
    for label, estimate, colour in lines:
        if estimate.value is not None:
            axes.axvline(estimate.value, color=colour, linewidth=1.4, dashes=(4, 3), zorder=1)
            entries.append(legend_line(colour, f"{label}: {estimate}", dashed=True))
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    set_title(axes, "AUROC under shifts", "the validation images under each shift; bars: 95 % intervals")
    add_legend(figure, entries)
    return figure
