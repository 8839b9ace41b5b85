"""Draw lung fields over images: outlines, boxes and confidences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from chestnut.figures.style import INK, SERIES, new_figure, shorten
from chestnut.lungfield.lungs import Lungs

_LEFT, _RIGHT, _BOX, _DOUBT = "#3fa7ff", "#ffa630", "#ffffff", SERIES[1]


def draw_lungs(
    images: Sequence[npt.ArrayLike], fields: Sequence[Lungs], names: Sequence[str], ncols: int = 6
) -> Figure:
    """Draw images in a grid, with the outlines of both lungs, the box around them, and the confidence.

    The patient's left lung is blue, the right one orange. An image without two plausible lungs has a red title that
    says why, and no box.

    Args:
        images: Grey images with values 0..255, each of shape (height, width).
        fields: The lungs of each image.
        names: The name of each image; a long one is shortened in the middle.
        ncols: The number of images per row.
    """
    rows = -(-len(images) // ncols)
    columns = min(ncols, len(images))
    figure = new_figure(1.75 * columns, 2.1 * rows)
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if place < len(images):
            _draw_one(axes, np.asarray(images[place]), fields[place], names[place])
    return figure


def _draw_one(axes: Axes, image: npt.NDArray[Any], lungs: Lungs, name: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    for side, colour in ((lungs.left, _LEFT), (lungs.right, _RIGHT)):
        if side.any() and min(side.shape) >= 2:
            axes.contour(side, levels=[0.5], colors=[colour], linewidths=0.9)
    told = f"{lungs.confidence:.2f}" if lungs.found else f"{lungs.reason} ({lungs.confidence:.2f})"
    axes.set_title(f"{shorten(name, 22)}\n{told}", size=7.5, color=INK if lungs.found else _DOUBT, pad=4)
    if lungs.found:
        top, left, bottom, right = lungs.box
        frame = Rectangle(
            (left - 0.5, top - 0.5), right - left, bottom - top, fill=False, edgecolor=_BOX, linewidth=0.8
        )
        axes.add_patch(frame)
