"""Draw how strange images look to a guard: those that are usual, and those that were changed on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from chestnut.evaluation.arrays import Floats
from chestnut.figures.style import INK, MUTED, SERIES, add_legend, legend_line, new_figure, set_title, style_axes

#: Stranger images are drawn at this multiple of the cut-off, and less strange ones at 0.
_MOST = 4.0

#: From so many dots they are drawn as pixels in an SVG too, which would be large otherwise.
_MANY = 3000

#: How far the dots of a row are spread.
_SPREAD = 0.3


def guard_figure(usual: Floats, changed: Mapping[str, Floats], cutoff: float) -> Figure:
    """Draw a dot for each image, in a row for each change.

    Args:
        usual: How strange the validation images are, shape (n,).
        changed: How strange images are after each change, by its name.
        cutoff: The strangeness beyond which an image is flagged, above 0.
    """
    rows = {"unchanged": usual, **changed}
    figure = new_figure(8.6, 1.6 + 0.36 * len(rows))
    axes = style_axes(figure.subplots(), "strangeness, as a multiple of the cut-off", "")
    random = np.random.default_rng(0)
    many = sum(len(values) for values in rows.values()) >= _MANY
    for at, values in enumerate(rows.values()):
        across = np.clip(values / cutoff, 0, _MOST)
        up = at + random.uniform(-_SPREAD, _SPREAD, len(values))
        style: dict[str, Any] = {
            "s": 16,
            "alpha": 0.5,
            "linewidths": 0,
            "zorder": 3,
            "clip_on": False,
            "rasterized": many,
        }
        flagged = values > cutoff
        axes.scatter(across[~flagged], up[~flagged], color=SERIES[0], **style)
        axes.scatter(across[flagged], up[flagged], color=SERIES[1], **style)
    axes.axvline(1, color=INK, linewidth=1.2, dashes=(4, 3), zorder=4)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(xlim=(0, _MOST), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks([0, 1, 2, 3, _MOST], ["0", "1", "2", "3", f"{_MOST:g} or more"])
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axhline(0.5, color=MUTED, linewidth=0.8)
    set_title(axes, "What the guard notices", "a dot for each validation image, as it is or changed on purpose")
    entries = [legend_line(SERIES[0], "let through"), legend_line(SERIES[1], "flagged")]
    add_legend(figure, [*entries, legend_line(INK, "cut-off", dashed=True)], columns=3)
    return figure
