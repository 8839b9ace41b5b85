"""The lungs of an image are found, whatever the image; and an image without lungs is said to have none."""

import numpy as np
import pytest

from chestnut.data.phantom.radiograph import draw_patient
from chestnut.errors import DataError
from chestnut.lungfield.find import find_lungs, find_many


@pytest.fixture(scope="module")
def phantoms():
    """Phantoms of a seed on which the network was not trained, with their true lungs."""
    return [image for number in range(3) for image in draw_patient(number, size=160, seed=31)]


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_the_outline_agrees_with_the_true_lungs(phantoms):
    for image in phantoms:
        lungs = find_lungs(image.pixels)
        assert lungs.found and not lungs.reason and lungs.confidence > 0.8
        assert dice(lungs.mask, image.lungs) > 0.93
        half = np.arange(160) >= 80
        assert dice(lungs.left, image.lungs & half) > 0.9 < dice(lungs.right, image.lungs & ~half)


def test_the_box_surrounds_the_true_lungs(phantoms):
    for image in phantoms:
        rows, columns = (np.flatnonzero(image.lungs.any(axis)) for axis in (1, 0))
        true = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
        assert find_lungs(image.pixels).box == pytest.approx(true, abs=0.06 * 160)


def test_many_are_found_as_one_alone(phantoms):
    images = np.stack([image.pixels for image in phantoms])
    told = []
    for one, image in zip(find_many(images, lambda *done: told.append(done)), images, strict=True):
        alone = find_lungs(image)
        assert np.array_equal(one.fields, alone.fields)
        assert (one.shares, one.confidence) == (alone.shares, alone.confidence)
    assert told[-1] == (len(images), len(images))


@pytest.mark.parametrize("given", [np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.uint8), "x"])
def test_other_arrays_are_refused(given):
    with pytest.raises(DataError, match="give grey values from 0 to 255, uint8"):
        find_lungs(given)
