"""Draw images in a grid, each below its title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from chestnut.figures.style import INK, new_figure, shorten


def sample_grid_figure(images: Iterable[npt.ArrayLike], titles: Sequence[str], ncols: int = 6) -> Figure:
    """Draw images in a grid.

    Args:
        images: Grey images with values 0..255, each of shape (height, width).
        titles: The title of each image, in one or two lines; a long line is shortened in the middle.
        ncols: The number of images per row.
    """
    pictures = [np.asarray(image) for image in images]
    rows = -(-len(pictures) // ncols)
    columns = min(ncols, len(pictures))
    figure = new_figure(1.75 * columns, 2.1 * rows)
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if place < len(pictures):
            axes.imshow(pictures[place], cmap="gray", vmin=0, vmax=255)
            title = "\n".join(shorten(text, 22) for text in titles[place].splitlines())
            axes.set_title(title, size=7.5, color=INK, pad=4)
    return figure
