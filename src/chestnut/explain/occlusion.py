"""Occlusion: how much the score of a class falls when a part of an image is hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.explain.map import Map
from chestnut.explain.score import class_scores
from chestnut.inference.engines.engine import Engine

#: What hides a part: the mean grey value of the image, or the image with everything finer than the part smoothed away.
Fill = Literal["mean", "blur"]

#: The cells along each side of the grid, and the fewest pixels of a cell.
CELLS, _LEAST = 12, 4

#: The size of the part that is hidden around the middle of a cell, in cells.
_WINDOW = 2.5

#: The number of images that are made and computed at a time: more are no faster, and ONNX Runtime keeps their memory.
_TOGETHER = 8


def occlude(
    engine: Engine,
    image: Grey,
    of: str,
    index: int,
    *,
    fill: Fill = "mean",
    cells: int = CELLS,
    on_batch: Callable[[], None] | None = None,
) -> Map:
    """Compute how much the score falls when the surroundings of each cell of a grid are hidden (Zeiler, Fergus 2014).

    Args:
        engine: The network.
        image: The image as the network sees it, uint8, shape (height, width).
        of: The name of the class.
        index: The class, counted from 0.
        fill: What hides a part; its edge is soft, so that it is no edge that the network sees.
        cells: The cells along each side, 1 or more; fewer where a cell would have less than 4 pixels.
        on_batch: Is called before each batch of images; what it raises ends the computation.
    """
    height, width = image.shape
    rows, columns = (max(1, min(cells, side // _LEAST)) for side in (height, width))
    across, down = _windows(width, columns), _windows(height, rows)
    hidden = _hidden(image, fill, (height / rows, width / columns))
    change = hidden - image
    if engine.spec.blanks:  # what is made black in every image stays black
        change[image == 0] = 0
    score = float(class_scores(engine.logits(image[np.newaxis]), index)[0])
    found = np.empty(rows * columns, dtype=np.float64)
    for start in range(0, len(found), _TOGETHER):
        if on_batch is not None:
            on_batch()
        numbers = np.arange(start, min(start + _TOGETHER, len(found)))
        masks = down[numbers // columns][:, :, np.newaxis] * across[numbers % columns][:, np.newaxis, :]
        images = np.rint(image + masks * change).astype(np.uint8)
        found[numbers] = score - class_scores(engine.logits(images), index)
    values = np.asarray(found.reshape(rows, columns), dtype=np.float32)
    return Map(values, (height, width), "occlusion", of, score)


def _windows(length: int, count: int) -> npt.NDArray[np.float32]:
    """Return how much each pixel along one side is hidden for each cell, 0 to 1, shape (count, length).

    The weight is 1 around the middle of the cell and falls to 0 at the edge of the window as a cosine does.
    """
    pixels = (np.arange(length) + 0.5) * count / length
    away = np.abs(pixels - (np.arange(count)[:, np.newaxis] + 0.5)) / (_WINDOW / 2)
    weights = 0.5 * (1 + np.cos(np.pi * np.minimum(away, 1.0)))
    return np.asarray(np.minimum(1.0, 1.5 * weights), dtype=np.float32)


def _hidden(image: Grey, fill: Fill, cell: tuple[float, float]) -> npt.NDArray[np.float32]:
    """Return what stands in the place of each pixel where it is hidden."""
    if fill == "mean":
        return np.full(image.shape, image.mean(), dtype=np.float32)
    down, across = (_WINDOW * side for side in cell)
    return np.asarray(cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigmaX=across, sigmaY=down))
