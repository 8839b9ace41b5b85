"""Histograms of oriented gradients against a slow version written from the paper, pixel by pixel."""

import math

import numpy as np
import pytest

from chestnut.config import HogLogisticConfig, InputSpec
from chestnut.errors import RecipeError
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.models.build import build
from chestnut.models.hog import CLIP, EPSILON


def slow_hog(pixels, config):
    """Dalal and Triggs 2005, §6: each pixel votes for two directions in four cells; L2-Hys on overlapping blocks."""
    grey, bins, cell = pixels / 255, config.orientations, config.cell
    height, width = pixels.shape
    cells = np.zeros((height // cell, width // cell, bins))
    for y in range(height):
        for x in range(width):
            down = grey[y + 1, x] - grey[y - 1, x] if 0 < y < height - 1 else 0.0
            right = grey[y, x + 1] - grey[y, x - 1] if 0 < x < width - 1 else 0.0
            place = math.degrees(math.atan2(down, right)) % 180 / (180 / bins) - 0.5
            for bin_, share in shares(place):
                for row, tall in shares((y + 0.5) / cell - 0.5):
                    for column, wide in shares((x + 0.5) / cell - 0.5):
                        if 0 <= row < cells.shape[0] and 0 <= column < cells.shape[1]:
                            cells[row, column, bin_ % bins] += math.hypot(down, right) * share * tall * wide / cell**2
    rows, columns = (count - config.block + 1 for count in cells.shape[:2])
    blocks = [
        cells[row : row + config.block, column : column + config.block].ravel()
        for row in range(rows)
        for column in range(columns)
    ]
    return np.concatenate([unit(np.minimum(unit(block), CLIP)) for block in blocks])


def shares(place):
    """The two whole numbers beside a place, and what each has of it."""
    lower = math.floor(place)
    return ((lower, lower + 1 - place), (lower + 1, place - lower))


def unit(block):
    return block / math.sqrt(float((block**2).sum()) + EPSILON**2)


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        ((32, 32), {}),
        ((37, 27), {"cell": 5, "orientations": 6, "block": 3}),
        ((18, 22), {"cell": 4, "orientations": 1, "block": 1}),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_histograms_are_those_of_the_paper(size, settings, channels):
    config = HogLogisticConfig(**settings)
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    pixels[: size[0] // 2] //= 16  # a dark half, where the norm's constant counts
    pixels[3:9, 2:8] = 77  # flat: no gradient has no direction
    spec = InputSpec(height=size[0], width=size[1], channels=channels)
    network = build(config, spec, 2)
    wanted = slow_hog(pixels.astype(float), config)
    seen = type(network)(network.input, network.get_layer("features").output)
    found = KerasEngine(seen, spec).logits(pixels[None])[0]
    np.testing.assert_allclose(found, wanted, atol=2e-6)


def test_an_input_too_small_for_a_block_is_refused():
    with pytest.raises(RecipeError, match=r"20×20 has 2×2 cells of 8 pixels, but a block needs 3×3; raise input"):
        build(HogLogisticConfig(block=3), InputSpec(height=20, width=20), 2)
