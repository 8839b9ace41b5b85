"""Draw the flow of images and patients from found to judged."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestnut.data.left_out import LeftOut
from chestnut.figures.style import INK, MUTED, RULE, TICK, WHOLE
from chestnut.runs.flow import Box, Branch, Flow

# Inches: the height of a line of text, the blank around a text, and the distance of two boxes.
_LINE, _PAD, _GAP = 0.2, 0.12, 0.32
_LOST = "Left out"
_WIDE = 44  # letters of a reason for being left out, before it is cut


def flow_figure(flow: Flow) -> Figure:
    """Return the flow as boxes with arrows; what was left out stands to the right.

    Args:
        flow: The numbers at every step.
    """
    columns = [_column(branch) for branch in flow.branches] + [[_text(box)] for box in flow.elsewhere]
    top = [] if flow.found is None or flow.used is None else [_text(flow.found), _text(flow.used)]
    none = "None left out" if flow.complete else "Nothing recorded as left out"
    aside = (_left_out(flow.used.left_out) or [none]) if flow.used is not None else []
    heights = [max(_height(top[0]), _height(aside)), _height(top[1])] if top else []
    deepest = max((sum(_height(text) + _GAP for text in column) for column in columns), default=0)
    height = sum(heights) + _GAP * max(len(heights) - 1, 0) + deepest + 0.1
    figure = Figure((WHOLE, height), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WHOLE), ylim=(height, 0))
    axes.set_axis_off()
    y, width = 0.05, WHOLE * 0.36
    if top:
        _box(axes, (0.05, y, width, heights[0]), top[0])
        _box(axes, (0.05 + width + 0.6, y, WHOLE - width - 0.7, heights[0]), aside)
        axes.plot([0.05 + width, 0.65 + width], [y + heights[0] / 2] * 2, color=MUTED, linewidth=1)
        _arrow(axes, 0.05 + width / 2, y + heights[0], _GAP)
        y += heights[0] + _GAP
        _box(axes, (0.05, y, WHOLE - 0.1, heights[1]), top[1])
        y += heights[1]
    share = (WHOLE - 0.1 + 0.25) / max(len(columns), 1)
    for number, column in enumerate(columns):
        x, down = 0.05 + number * share, y
        for text in column:
            if top and number < len(flow.branches):
                _arrow(axes, x + (share - 0.25) / 2, down, _GAP)
            _box(axes, (x, down + _GAP, share - 0.25, _height(text)), text)
            down += _GAP + _height(text)
    return figure


def _column(branch: Branch) -> list[list[str]]:
    split = _text(branch.split)
    if branch.copies:
        split.append(f"and {branch.copies:,} augmented copies")
    if branch.judged is None:
        return [split, ["Not judged"]]
    return [split, *([_left_out(branch.judged.left_out)] if branch.judged.left_out else []), _text(branch.judged)]


def _text(box: Box) -> list[str]:
    patients = "" if box.patients is None else f", {box.patients:,} {'patient' if box.patients == 1 else 'patients'}"
    images = f"{box.images:,} {'image' if box.images == 1 else 'images'}"
    classes = [f"{number:,} {label}" for label, number in box.classes]
    return [box.name, f"{images}{patients}", *classes]


def _left_out(entries: tuple[LeftOut, ...]) -> list[str]:
    return [_LOST, *(f"{one.images:,} {_cut(one.reason)}" for one in entries)] if entries else []


def _cut(text: str) -> str:
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def _height(text: list[str]) -> float:
    return _LINE * len(text) + 2 * _PAD if text else 0


def _box(axes: Axes, place: tuple[float, float, float, float], text: list[str]) -> None:
    x, y, width, height = place
    bold = 1 if text[0] != _LOST else None
    axes.fill([x, x + width, x + width, x], [y, y, y + height, y + height], facecolor="white", edgecolor=RULE)
    for number, line in enumerate(text):
        look = {"color": MUTED} if number != bold else {"color": INK, "weight": "bold"}
        axes.text(x + _PAD, y + _PAD + _LINE * (number + 0.5), line, size=TICK, va="center", **look)  # type: ignore[arg-type]


def _arrow(axes: Axes, x: float, y: float, length: float) -> None:
    axes.annotate(
        "", (x, y + length), (x, y), arrowprops={"arrowstyle": "-|>", "color": MUTED, "shrinkA": 0, "shrinkB": 0}
    )
