"""Draw images in a grid, each below its title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from chestnut.figures.style import INK, new_figure, shorten

#: A picture with its title; None leaves the place empty.
_Cell = tuple[npt.NDArray[Any], str] | None


def sample_grid_figure(
    images: Iterable[npt.ArrayLike],
    titles: Sequence[str],
    ncols: int = 6,
    originals: Iterable[npt.ArrayLike] | None = None,
) -> Figure:
    """Draw images in a grid.

    Args:
        images: Grey images with values 0..255, each of shape (height, width).
        titles: The title of each image, in one or two lines; a long line is shortened in the middle.
        ncols: The number of images per row.
        originals: The image that each of the images was made of, to be drawn above it.
    """
    cells: list[_Cell] = [(np.asarray(image), title) for image, title in zip(images, titles, strict=True)]
    if originals is not None:
        cells = _below(originals, cells, ncols)
    rows = -(-len(cells) // ncols)
    columns = min(ncols, len(cells))
    figure = new_figure(1.75 * columns, 2.1 * rows)
    for axes, cell in zip_longest(figure.subplots(rows, columns, squeeze=False).flat, cells):
        axes.set_axis_off()
        if cell is not None:
            axes.imshow(cell[0], cmap="gray", vmin=0, vmax=255)
            title = "\n".join(shorten(text, 22) for text in cell[1].splitlines())
            axes.set_title(title, size=7.5, color=INK, pad=4)
    return figure


def _below(originals: Iterable[npt.ArrayLike], cells: Sequence[_Cell], ncols: int) -> list[_Cell]:
    """Put each row of images below a row with the images that they were made of."""
    above: list[_Cell] = [(np.asarray(image), cell[1]) for image, cell in zip(originals, cells, strict=True) if cell]
    columns = min(ncols, len(cells))
    placed: list[_Cell] = []
    for start in range(0, len(cells), columns):
        seen = [cell and (cell[0], "as the network sees it") for cell in cells[start : start + columns]]
        empty: list[_Cell] = [None] * (columns - len(seen))
        placed += [*above[start : start + columns], *empty, *seen, *empty]
    return placed
