"""`hog-logistic`: histograms of oriented gradients as fixed layers, followed by a logistic regression.

The method is that of Dalal and Triggs 2005, Histograms of oriented gradients for human detection (CVPR, 886-893).
Layers and operations are Keras's own, so a saved network loads without chestnut.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from chestnut.config import HogLogisticConfig
from chestnut.errors import RecipeError
from chestnut.models.registry import register

#: Added to the norm of a block, as a share of the grey range: gradients of a grey level or two count as noise.
EPSILON = 0.01
#: The value at which the normalised values of a block are clipped before they are normalised again.
CLIP = 0.2


@register("hog-logistic")
def hog(config: HogLogisticConfig, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Compute gradients, histograms of cells and normalised blocks, shape (batch, blocks · block² · orientations).

    They are always float32: bfloat16 would blur the directions of gradients, and nothing is trained here.
    """
    rows, columns = image.shape[1] // config.cell, image.shape[2] // config.cell
    if min(rows, columns) < config.block:
        raise RecipeError(
            f"an input of {image.shape[1]}×{image.shape[2]} has {rows}×{columns} cells of {config.cell} pixels, but a "
            f"block needs {config.block}×{config.block}; raise input.height and input.width, or lower model.cell"
        )
    cells = _histograms(*_gradients(image), config)
    blocks = _blocks(cells, config.block)
    blocks = ops.minimum(_unit(blocks), CLIP)
    return layers.Flatten(name="features")(_unit(blocks))


def _gradients(image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the differences of neighbours, vertical and horizontal, as shares of the grey range; 0 at the edge."""
    step = np.zeros((3, 1, image.shape[-1], 1), dtype=np.float32)
    step[0, 0, 0, 0], step[2, 0, 0, 0] = -1 / 255, 1 / 255
    down = _apply_fixed(layers.Conv2D(1, (3, 1), use_bias=False, name="down"), image, step)
    right = _apply_fixed(layers.Conv2D(1, (1, 3), use_bias=False, name="right"), image, step.swapaxes(0, 1))
    return layers.ZeroPadding2D((1, 0))(down), layers.ZeroPadding2D((0, 1))(right)


def _histograms(down: keras.KerasTensor, right: keras.KerasTensor, config: HogLogisticConfig) -> keras.KerasTensor:
    """Return the histogram of each cell, shape (batch, rows, columns, orientations).

    A gradient counts by its size, divided linearly between the two nearest directions and the four nearest cells.
    """
    bins = config.orientations
    size = ops.sqrt(ops.square(down) + ops.square(right))
    turn = ops.arctan2(down, right) * (bins / math.pi)
    centres = np.arange(bins, dtype=np.float32) + 0.5
    directions = layers.Conv2D(bins, 1, name="directions")
    away = ops.mod(_apply_fixed(directions, turn, np.ones((1, 1, 1, bins), np.float32), -centres), bins)
    votes = size * (ops.relu(1 - away) + ops.relu(away - (bins - 1)))
    near = nearness(config.cell)
    window = np.repeat(np.outer(near, near)[:, :, None, None], bins, axis=2).astype(np.float32)
    padded = layers.ZeroPadding2D(config.cell // 2)(votes)
    gather = layers.DepthwiseConv2D(len(near), strides=config.cell, use_bias=False, name="cells")
    return _apply_fixed(gather, padded, window)


def nearness(cell: int) -> npt.NDArray[np.float64]:
    """Return the weights of pixels along one axis for a cell: a triangle that ends at the neighbours' centres, sum 1.

    >>> nearness(2).tolist()
    [0.125, 0.375, 0.375, 0.125]
    """
    taps = 2 * cell - cell % 2
    away = np.abs(np.arange(taps) - (taps - 1) / 2) / cell
    return np.asarray((1 - away) / cell)


def _blocks(cells: keras.KerasTensor, side: int) -> keras.KerasTensor:
    """Return the histograms of every square of neighbouring cells, one after the other; the squares overlap."""
    spare = side - 1
    corners = [(row, column) for row in range(side) for column in range(side)]
    parts = [layers.Cropping2D(((row, spare - row), (column, spare - column)))(cells) for row, column in corners]
    return layers.Concatenate()(parts) if spare else cells


def _unit(blocks: keras.KerasTensor) -> keras.KerasTensor:
    return blocks / ops.sqrt(ops.sum(ops.square(blocks), axis=-1, keepdims=True) + EPSILON**2)


def _apply_fixed(
    layer: keras.layers.Layer, x: keras.KerasTensor, *weights: npt.NDArray[np.float32]
) -> keras.KerasTensor:
    """Return the output of a layer whose weights are set here and never trained."""
    output = layer(x)
    layer.set_weights(list(weights))
    layer.trainable = False
    return output
