"""The vertical axes of a plot with parallel coordinates: linear, logarithmic, or for values that are not numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.ticker import LogLocator, MaxNLocator

from chestnut.figures.style import INK, MUTED, TICK, shorten

# The most distinct numbers that get a tick each; more numbers get round ticks.
_EACH = 5
# The most characters in a line of an axis's name, and in a tick's label.
_NAME, _LABEL = 13, 11
_HALO: list[AbstractPathEffect] = [withStroke(linewidth=3.5, foreground="white")]


@dataclass(frozen=True)
class Scale:
    """The positions of values along an axis.

    Attributes:
        low: The value at the bottom; on a logarithmic axis, its decimal logarithm.
        high: The value at the top, of the same kind.
        log: Whether the axis is logarithmic.
        ticks: The height, 0..1, and label of each tick.
        names: The values as text, from bottom to top, if they are not numbers; else empty.
    """

    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]
    names: tuple[str, ...] = ()

    @classmethod
    def linear(cls, low: float, high: float) -> Scale:
        """Return an axis of numbers with round ticks."""
        found = [float(tick) for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high]
        digits = max((len(f"{tick:.4g}".partition(".")[2]) for tick in found), default=0)
        return cls(low, high, False, tuple(((tick - low) / (high - low), f"{tick:.{digits}f}") for tick in found))

    def flipped(self) -> Scale:
        """Return the same axis upside down."""
        ticks = tuple((1 - height, label) for height, label in self.ticks)
        return replace(self, low=self.high, high=self.low, ticks=ticks)

    def place(self, value: Any) -> float:
        """Return the height of a value, 0..1 within the axis, or the middle for None."""
        if value is None:
            return 0.5
        if self.names:
            return (self.names.index(_text(value)) + 0.5) / len(self.names)
        number = np.log10(value) if self.log else value
        return float((number - self.low) / (self.high - self.low))


def make_scale(values: Sequence[Any], log: bool = False) -> Scale:
    """Return the axis of a recipe field.

    Args:
        values: The values of the trials; None for a trial without one.
        log: Whether to use a logarithmic axis; ignored if a number is 0 or less.

    >>> [label for _, label in make_scale([3, 5, 3]).ticks]
    ['3', '5']
    >>> [label for _, label in make_scale([1e-4, 3e-3, 0.0101], log=True).ticks]
    ['1e-4', '3e-3', '0.0101']
    >>> [label for _, label in make_scale(["same", "valid", None]).ticks]
    ['same', 'valid']
    """
    known = [value for value in values if value is not None]
    if not known or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        names = tuple(sorted({_text(value) for value in known})) or ("–",)
        ticks = tuple(((at + 0.5) / len(names), shorten(name, _LABEL)) for at, name in enumerate(names))
        return Scale(0, 1, False, ticks, names)
    distinct = sorted(set(known))
    decades = log and distinct[0] > 0
    low, high = (np.log10(distinct[0]), np.log10(distinct[-1])) if decades else (distinct[0], distinct[-1])
    if len(distinct) == 1:  # place it in the middle
        return Scale(float(low) - 1, float(low) + 1, decades, ((0.5, _format_number(distinct[0])),))
    pad = 0.04 * (high - low)
    scale = Scale(float(low - pad), float(high + pad), decades, ())
    shown = distinct if len(distinct) <= _EACH else _round_ticks(scale)
    return replace(scale, ticks=tuple((scale.place(tick), _format_number(tick)) for tick in shown))


def _round_ticks(scale: Scale) -> list[float]:
    if not scale.log:
        found = MaxNLocator(5).tick_values(scale.low, scale.high)
        return [float(tick) for tick in found if scale.low <= tick <= scale.high]
    for subs in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
        found = LogLocator(subs=subs, numticks=99).tick_values(10**scale.low, 10**scale.high)
        ticks = [float(tick) for tick in found if scale.low - 1e-9 <= np.log10(tick) <= scale.high + 1e-9]
        if len(ticks) >= 3:
            break
    return ticks


def draw_scale(axes: Axes, at: float, scale: Scale, name: str, right: bool = False) -> None:
    """Draw a vertical axis from 0 to 1, with its ticks beside it and its name above.

    Args:
        axes: The axes to draw in, without lines of their own.
        at: The horizontal position.
        scale: The scale with the ticks.
        name: The name, in one or more lines.
        right: Whether the labels are to the right.
    """
    axes.plot([at, at], [0, 1], color=MUTED, linewidth=1.1, zorder=5)
    for height, label in scale.ticks:
        axes.plot(at, height, marker="_", color=MUTED, markersize=7, zorder=5)
        style: dict[str, Any] = {"size": TICK, "color": INK, "va": "center", "ha": "left" if right else "right"}
        offset = (7 if right else -6, 0)
        text = axes.annotate(label, (at, height), offset, textcoords="offset points", zorder=6, **style)
        text.set_path_effects(_HALO)
    place: dict[str, Any] = {"ha": "center", "va": "bottom", "linespacing": 1.15}
    axes.annotate(name, (at, 1), (0, 8), textcoords="offset points", size=TICK, color=INK, weight="bold", **place)


def wrap_field(field: str) -> str:
    """Break the name of a recipe field into up to four lines, after dots and underscores.

    >>> print(wrap_field("optim.learning_rate"))
    optim.
    learning_rate
    """
    lines: list[str] = []
    for word in field.replace(".", ". ").replace("_", "_ ").split(" "):
        if lines and len(lines[-1]) + len(word) <= _NAME:
            lines[-1] += word
        else:
            lines.append(word)
    joined = [shorten(each, _NAME + 2) for each in lines]
    return "\n".join(joined if len(joined) <= 4 else [*joined[:3], shorten("".join(lines[3:]), _NAME + 2)])


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "×".join(_text(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _format_number(value: float) -> str:
    """Format the number of a tick briefly."""
    if value and abs(value) < 0.01:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.3g}"
