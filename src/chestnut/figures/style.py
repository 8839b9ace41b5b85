"""The house style of figures: colours, sizes, axes, titles and legends, for the modules of this room that draw.

Called by `figures` and the other modules whose names end so; calls nothing of chestnut's. Figures are plain
`matplotlib.figure.Figure` objects: pyplot, its windows and its settings are never touched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

INK, MUTED, RULE = "#1f2a35", "#66727f", "#b8c1ca"
_GRID = "#e9edf1"
#: Told apart in the common kinds of colour blindness and in grey print; after Okabe and Ito, darkened for thin lines.
SERIES = ("#0868ac", "#d95f02", "#1b8a6b", "#a3508f", "#b8860b", "#4f5b66")
_TITLE, _LABEL = 12, 10
#: Points of the smallest text.
TICK = 9
#: How a point is drawn.
MARK: dict[str, Any] = {"marker": "o", "markeredgecolor": "white", "markeredgewidth": 1, "clip_on": False}


def blank(width: float, height: float) -> Figure:
    """An empty figure, in inches, that leaves room for its own labels."""
    return Figure((width, height), facecolor="white", layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))


def plain(axes: Axes, across: str, up: str) -> Axes:
    """Axes without a box, with quiet lines and the names of what runs across and up."""
    axes.set_xlabel(across, size=_LABEL, color=INK, labelpad=8)
    axes.set_ylabel(up, size=_LABEL, color=INK, labelpad=8)
    axes.tick_params(labelsize=TICK, labelcolor=INK, color=RULE, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.set_axisbelow(True)
    if not axes.images:
        axes.grid(color=_GRID, linewidth=0.8)
    return axes


def unit_square(axes: Axes, across: str, up: str) -> Axes:
    """Axes from 0 to 1 both ways."""
    plain(axes, across, up)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    return axes


def titled(axes: Axes, title: str, subtitle: str, above: float = 0) -> None:
    """A title at the left, some points above the axes; below it, smaller, how to read the figure."""
    axes.set_title(title, loc="left", size=_TITLE, weight="bold", color=INK, pad=above + (25 if subtitle else 10))
    style: dict[str, Any] = {"size": TICK, "color": MUTED, "va": "bottom"}
    axes.annotate(subtitle, (0, 1), (0, above + 8), xycoords="axes fraction", textcoords="offset points", **style)


def line(colour: str, label: str, dashed: bool = False) -> Line2D:
    """An entry of a legend."""
    style: dict[str, Any] = {"linewidth": 1, "dashes": (4, 3)} if dashed else {"linewidth": 2}
    return Line2D([], [], color=colour, label=label, **style)


def dot(axes: Axes, across: float, up: float, colour: str, label: str) -> Line2D:
    """Draw a point, and give its entry of a legend."""
    (dot,) = axes.plot(across, up, color=colour, linestyle="", markersize=9, zorder=5, label=label, **MARK)
    return dot


def legend(figure: Figure, entries: list[Line2D], columns: int = 1) -> None:
    """A legend below the axes, where it hides nothing; the figure grows by its height."""
    figure.set_figheight(figure.get_figheight() + 0.19 * -(-len(entries) // columns))
    place: dict[str, Any] = {"loc": "outside lower center", "frameon": False, "ncols": columns}
    figure.legend(handles=entries, fontsize=TICK, labelcolor=INK, **place)


def short(text: str, most: int = 32) -> str:
    """A text cut in its middle.

    >>> short("a-very-long-name", 10)
    'a-ve…-name'
    """
    half = most // 2
    return text if len(text) <= most else f"{text[: half - 1]}…{text[-half:]}"
