"""The common style of figures: colours, sizes, axes, titles and legends.

Figures are plain `matplotlib.figure.Figure` objects; pyplot, with its windows and global settings, is never used.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

INK, MUTED, RULE = "#1f2a35", "#66727f", "#b8c1ca"
_GRID = "#e9edf1"
#: Colours that differ in grey print and in the common kinds of colour blindness; after Okabe and Ito, but darker.
SERIES = ("#0868ac", "#d95f02", "#1b8a6b", "#a3508f", "#b8860b", "#4f5b66")
_TITLE, _LABEL = 12, 10
#: The size of the smallest text in points.
TICK = 9
#: The width in inches of a figure that takes half of a page's column, and of one that takes the whole: a page shows an
#: inch as 96 pixels, so that the text of the figure is a little smaller than its own.
HALF, WHOLE = 4.4, 9.4
# How many letters of the smallest text fit into an inch beside the sign of a legend's entry.
_LETTERS = 11.5
#: The style of a point.
MARK: dict[str, Any] = {"marker": "o", "markeredgecolor": "white", "markeredgewidth": 1, "clip_on": False}


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; its layout leaves room for labels."""
    return Figure((width, height), facecolor="white", layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))


def style_axes(axes: Axes, across: str, up: str) -> Axes:
    """Give axes the common style, without a box, and label the horizontal and the vertical axis."""
    axes.set_xlabel(across, size=_LABEL, color=INK, labelpad=8)
    axes.set_ylabel(up, size=_LABEL, color=INK, labelpad=8)
    axes.tick_params(labelsize=TICK, labelcolor=INK, color=RULE, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.set_axisbelow(True)
    if not axes.images:
        axes.grid(color=_GRID, linewidth=0.8)
    return axes


def style_unit_square(axes: Axes, across: str, up: str) -> Axes:
    """Style axes that run from 0 to 1 in both directions."""
    style_axes(axes, across, up)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    return axes


def set_title(axes: Axes, title: str, subtitle: str, above: float = 0) -> None:
    """Set a title at the left, `above` points above the axes, and below it a smaller line on how to read the figure."""
    axes.set_title(title, loc="left", size=_TITLE, weight="bold", color=INK, pad=above + (25 if subtitle else 10))
    style: dict[str, Any] = {"size": TICK, "color": MUTED, "va": "bottom"}
    axes.annotate(subtitle, (0, 1), (0, above + 8), xycoords="axes fraction", textcoords="offset points", **style)


def legend_line(colour: str, label: str, dashed: bool = False) -> Line2D:
    """Return a line as an entry for a legend."""
    style: dict[str, Any] = {"linewidth": 1, "dashes": (4, 3)} if dashed else {"linewidth": 2}
    return Line2D([], [], color=colour, label=label, **style)


def draw_point(axes: Axes, across: float, up: float, colour: str, label: str) -> Line2D:
    """Draw a point and return its entry for a legend."""
    (dot,) = axes.plot(across, up, color=colour, linestyle="", markersize=9, zorder=5, label=label, **MARK)
    return dot


def add_legend(figure: Figure, entries: list[Line2D], columns: int = 1) -> None:
    """Add a legend below the axes, where it covers nothing; the figure grows by its height.

    In a single column, long entries are wrapped to the width of the figure.
    """
    lines = -(-len(entries) // columns)
    if columns == 1:
        most = int(figure.get_figwidth() * _LETTERS)
        for entry in entries:
            entry.set_label(textwrap.fill(str(entry.get_label()), most))
        lines = sum(str(entry.get_label()).count("\n") + 1 for entry in entries)
    figure.set_figheight(figure.get_figheight() + 0.19 * lines)
    place: dict[str, Any] = {"loc": "outside lower center", "frameon": False, "ncols": columns}
    figure.legend(handles=entries, fontsize=TICK, labelcolor=INK, **place)


def shorten(text: str, most: int = 32) -> str:
    """Shorten a text in the middle.

    >>> shorten("a-very-long-name", 10)
    'a-ve…-name'
    """
    half = most // 2
    return text if len(text) <= most else f"{text[: half - 1]}…{text[-half:]}"
