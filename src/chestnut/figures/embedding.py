"""Draw images as dots, near each other where a network finds them alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.grouping import Grouping
from chestnut.figures.style import INK, MUTED, RULE, SERIES, TICK, new_figure, shorten

#: The colours and marks of groups, in their order; later groups begin again with another mark.
_MARKS = ("o", "s", "^", "D")
_UNKNOWN = "not known"
#: A group that is there to be compared with: it is drawn in grey, so that the others are seen.
_BACKGROUND = "right"
_GREY = "#a9b4be"


def embedding_figure(points: Floats, groupings: Sequence[Grouping], axes_names: tuple[str, str]) -> Figure:
    """Draw the dots once for each way to colour them, two by two.

    Args:
        points: The place of each image, shape (n, 2).
        groupings: What the dots are coloured by, one or more.
        axes_names: What the horizontal and the vertical axis show.
    """
    columns = min(2, len(groupings))
    rows = -(-len(groupings) // columns)
    figure = new_figure(4.9 * columns, 4.6 * rows)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, grouping in zip(panels, groupings, strict=False):
        _draw_panel(panel, points, grouping, axes_names)
    for panel in panels[len(groupings) :]:
        panel.set_axis_off()
    return figure


def _draw_panel(panel: Axes, points: Floats, grouping: Grouping, axes_names: tuple[str, str]) -> None:
    present = [code for code in (*range(len(grouping.labels)), -1) if (grouping.codes == code).any()]
    counts = {code: int((grouping.codes == code).sum()) for code in present}
    size = float(np.clip(9000 / max(len(points), 1), 5, 26))
    # The largest group first, so that a small one is not hidden below it
    for code in sorted(present, key=lambda one: (one != -1, -counts[one])):
        panel.scatter(*points[grouping.codes == code].T, **_style(grouping, code, size))
    panel.set(xticks=[], yticks=[])
    panel.set_xlabel(axes_names[0], size=TICK, color=MUTED, labelpad=6)
    panel.set_ylabel(axes_names[1], size=TICK, color=MUTED, labelpad=6)
    panel.spines[["top", "right", "left", "bottom"]].set_color(RULE)
    panel.set_title(f"by {grouping.column}", loc="left", size=11, weight="bold", color=INK, pad=8)
    handles = [
        panel.scatter([], [], label=f"{_name(grouping, code)} ({counts[code]:,})", **_style(grouping, code, 26))
        for code in present
    ]
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.07), "frameon": False}
    panel.legend(handles=handles, ncols=_columns(grouping, present), fontsize=TICK - 1, labelcolor=INK, **place)


def _style(grouping: Grouping, code: int, size: float) -> dict[str, Any]:
    if code < 0:
        return {"s": size, "color": RULE, "marker": "o", "linewidths": 0, "zorder": 2}
    if grouping.labels[code] == _BACKGROUND:
        return {"s": size, "color": _GREY, "marker": "o", "linewidths": 0, "zorder": 2}
    colour, mark = SERIES[code % len(SERIES)], _MARKS[code // len(SERIES) % len(_MARKS)]
    return {"s": size, "color": colour, "marker": mark, "alpha": 0.75, "linewidths": 0, "zorder": 3}


def _name(grouping: Grouping, code: int) -> str:
    return _UNKNOWN if code < 0 else shorten(grouping.labels[code], 24)


def _columns(grouping: Grouping, present: Sequence[int]) -> int:
    longest = max(len(_name(grouping, code)) for code in present)
    return min(len(present), max(1, 44 // (longest + 8)))
