"""Working images: a change comes before the network's input is made, whichever rows are read and in whatever order."""

import numpy as np
import pytest

from chestnut.config import InputSpec
from chestnut.data.decoding.intensity import standardise
from chestnut.data.pixels import Pixels
from chestnut.robustness.working_images import WorkingImages

SPEC = InputSpec(height=24, width=32, intensity="percentile")


@pytest.fixture(scope="module")
def working():
    stored = np.random.default_rng(0).integers(40, 200, (20, 24, 32), dtype=np.uint8)
    return WorkingImages(None, Pixels(stored, np.arange(20)), SPEC)


def darken(row, image):
    """Change an image by its row, so that a row that is mixed up shows."""
    return (image * (0.3 + 0.03 * row)).astype(np.uint8)


def test_inputs_are_standardised_after_the_change(working):
    inputs = working.inputs(darken)
    assert inputs.shape == (20, 24, 32) and len(inputs) == 20
    expected = [standardise(darken(row, image), "percentile") for row, image in enumerate(working.pixels[:])]
    np.testing.assert_array_equal(inputs[:], expected)
    np.testing.assert_array_equal(np.concatenate([inputs[start : start + 7] for start in range(0, 20, 7)]), expected)
    np.testing.assert_array_equal(inputs[np.array([9, 2])], [expected[9], expected[2]])


def test_without_a_change_inputs_are_those_of_the_images(working):
    np.testing.assert_array_equal(
        working.inputs()[:], [standardise(image, "percentile") for image in working.pixels[:]]
    )
