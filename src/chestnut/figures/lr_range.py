"""The figure of a learning-rate range test.

Called by `cli`; draws in the style of `style`, and computes nothing.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from chestnut.diagnosis.lr_range import RateRange
from chestnut.figures.style import MUTED, SERIES, blank, legend, line, plain, titled


def rate_range_figure(found: RateRange) -> Figure:
    """Loss by learning rate, batch by batch and smoothed, with the lowest point and the suggested rate."""
    figure = blank(6.4, 4.4)
    axes = plain(figure.subplots(), "Learning rate", "Training loss of the batch")
    axes.set_xscale("log")
    course = found.smoothed
    axes.plot(found.rates, found.losses, color=MUTED, linewidth=0.8, alpha=0.5)
    axes.plot(found.rates, course, color=SERIES[0], linewidth=2)
    entries = [line(MUTED, "each batch"), line(SERIES[0], "smoothed")]
    for rate, name, colour in ((found.lowest, "lowest", SERIES[2]), (found.suggested, "suggested", SERIES[1])):
        if rate is not None:
            axes.axvline(rate, color=colour, linewidth=1.4, dashes=(4, 3), zorder=1)
            entries.append(line(colour, f"{name}: {rate:.2g}", dashed=True))
    # A loss that ran away would press the rest of the curve flat.
    axes.set_ylim(max(0.0, 0.8 * float(course.min())), 1.5 * float(course[0]))
    ended = "the loss ran away after the last rate shown" if found.diverged else "up to the highest rate asked for"
    titled(axes, "Learning-rate range test", f"{len(found.rates)} batches, one step at each rate; {ended}")
    legend(figure, entries, columns=4)
    return figure
