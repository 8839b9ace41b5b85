"""Draw the maps of a network's layers, one layer below another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from chestnut.figures.style import INK, MUTED, RULE, new_figure, shorten

Values = npt.NDArray[np.float32]

#: The columns of the figure beside the names of layers, and the filters that are drawn.
_COLUMNS, _MOST_FILTERS, _FILTER_ROWS = 8, 24, 3
_SMALL = 8.0


class MapRow(NamedTuple):
    """The maps of a layer.

    Attributes:
        name: The name of the layer.
        lines: What else is said of it.
        maps: The values, shape (maps, rows, columns), at most eight.
        titles: What each map is called.
    """

    name: str
    lines: tuple[str, ...]
    maps: Values
    titles: tuple[str, ...]


def layer_maps_figure(
    image: npt.NDArray[np.uint8], kernels: Values | None, rows: Sequence[MapRow], title: str
) -> Figure:
    """Draw an image, the first filters of a network, and the maps of its layers.

    Args:
        image: The image as the network sees it, shape (height, width).
        kernels: The first filters, shape (filters, rows, columns); None to draw none.
        rows: The layers.
        title: A line above.
    """
    tall = float(np.clip(image.shape[0] / image.shape[1], 0.6, 1.6))
    figure = new_figure(12.4, 2.9 + (1.15 * tall + 0.42) * len(rows))
    figure.suptitle(title, x=0.012, ha="left", size=13, weight="bold", color=INK)
    widths = [1.75, *[1.0] * _COLUMNS]
    heights = [2.0, *[1.15 * tall + 0.35] * len(rows)]
    grid = figure.add_gridspec(1 + len(rows), 1 + _COLUMNS, width_ratios=widths, height_ratios=heights)
    _draw_input(figure, grid[0, 0:3], image)
    if kernels is not None:
        _draw_filters(figure, grid[0, 3:], kernels)
    for number, row in enumerate(rows, 1):
        _draw_name(figure.add_subplot(grid[number, 0]), row)
        for place, (values, name) in enumerate(zip(row.maps, row.titles, strict=True), 1):
            _draw_map(figure.add_subplot(grid[number, place]), values, name)
    return figure


def _draw_input(figure: Figure, place: SubplotSpec, image: npt.NDArray[np.uint8]) -> None:
    axes = figure.add_subplot(place)
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    _frame(axes, f"the image as the network sees it, {image.shape[0]} × {image.shape[1]}")


def _draw_filters(figure: Figure, place: SubplotSpec, kernels: Values) -> None:
    """Draw filters in three lines, below a text that says how to read them."""
    shown = kernels[:_MOST_FILTERS]
    columns = -(-_MOST_FILTERS // _FILTER_ROWS)
    grid = place.subgridspec(_FILTER_ROWS + 1, columns, height_ratios=[0.45, *[1] * _FILTER_ROWS])
    text = figure.add_subplot(grid[0, :])
    text.set_axis_off()
    count = f"all {len(kernels)}" if len(shown) == len(kernels) else f"{len(shown)} of {len(kernels)}"
    size = f"{kernels.shape[1]} × {kernels.shape[2]}"
    said = (
        f"{count} filters of the first convolution, {size}: weights above 0 in orange,\n"
        "below 0 in violet, 0 in white; each filter and each map has a scale of its own"
    )
    text.text(0, 0, said, size=_SMALL, color=INK, va="bottom", linespacing=1.4)
    for number, kernel in enumerate(shown):
        axes = figure.add_subplot(grid[1 + number // columns, number % columns])
        most = float(np.abs(kernel).max()) or 1.0
        axes.imshow(kernel, cmap="PuOr_r", vmin=-most, vmax=most, interpolation="nearest")
        _frame(axes, "")


def _draw_name(axes: Axes, row: MapRow) -> None:
    axes.set_axis_off()
    axes.text(0, 0.98, shorten(row.name, 22), size=9.5, weight="bold", color=INK, va="top")
    axes.text(0, 0.78, "\n".join(row.lines), size=_SMALL, color=MUTED, va="top", linespacing=1.4)


def _draw_map(axes: Axes, values: Values, name: str) -> None:
    low, high = float(values.min()), float(values.max())
    axes.imshow(values, cmap="inferno", vmin=low, vmax=high if high > low else low + 1, interpolation="nearest")
    _frame(axes, f"{name}\n{_number(low)} to {_number(high)}")


def _frame(axes: Axes, title: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(RULE)
    if title:
        axes.set_title(title, size=_SMALL - 0.5, color=INK, pad=3)


def _number(value: float) -> str:
    return f"{value + 0.0:.2g}".replace("-", "−")
