"""Draw a learning-rate range test."""

from __future__ import annotations

from matplotlib.figure import Figure

from chestnut.diagnosis.lr_range import RateRange
from chestnut.figures.style import MUTED, SERIES, add_legend, legend_line, new_figure, set_title, style_axes


def rate_range_figure(found: RateRange) -> Figure:
    """Draw the loss by learning rate, for each batch and smoothed, with the lowest point and the suggested rate."""
    figure = new_figure(6.4, 4.4)
    axes = style_axes(figure.subplots(), "Learning rate", "Training loss of the batch")
    axes.set_xscale("log")
    course = found.smoothed
    axes.plot(found.rates, found.losses, color=MUTED, linewidth=0.8, alpha=0.5)
    axes.plot(found.rates, course, color=SERIES[0], linewidth=2)
    entries = [legend_line(MUTED, "each batch"), legend_line(SERIES[0], "smoothed")]
    for rate, name, colour in ((found.lowest, "lowest", SERIES[2]), (found.suggested, "suggested", SERIES[1])):
        if rate is not None:
            axes.axvline(rate, color=colour, linewidth=1.4, dashes=(4, 3), zorder=1)
            entries.append(legend_line(colour, f"{name}: {rate:.2g}", dashed=True))
    # A diverging loss would flatten the rest of the curve.
    axes.set_ylim(max(0.0, 0.8 * float(course.min())), 1.5 * float(course[0]))
    ended = "the loss diverged after the last rate shown" if found.diverged else "up to the highest rate requested"
    set_title(axes, "Learning-rate range test", f"{len(found.rates)} batches, one step at each rate; {ended}")
    add_legend(figure, entries, columns=4)
    return figure
