"""What covers an image: where, how much, how often."""

import numpy as np
import pytest

from chestnut.config import AugmentConfig
from chestnut.models.augment import RandomCover

GREY = np.full((200, 40, 60, 1), 100, np.uint8)


def covered(**fields):
    return np.asarray(RandomCover(AugmentConfig(**fields), seed=0)(GREY, training=True))[..., 0]


def test_borders_are_black_straight_and_at_each_edge_half_of_the_time():
    black = covered(border=0.2) == 0
    rows, columns = black.all(axis=2), black.all(axis=1)
    np.testing.assert_array_equal(black, rows[:, :, None] | columns[:, None, :])
    for edge in (rows, rows[:, ::-1], columns, columns[:, ::-1]):
        deep = edge.argmin(axis=1)
        assert deep.max() <= 0.2 * edge.shape[1] + 1
        assert deep.max() >= 0.15 * edge.shape[1]
        assert 0.35 < (deep > 0).mean() < 0.6


def test_an_erased_rectangle_is_whole_and_of_one_grey():
    changed = covered(erase=0.5)
    greys = set()
    for image in changed:
        rows, columns = np.nonzero(image != 100)
        if len(rows):
            part = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert np.ptp(part) == 0
            assert part.shape[0] <= 21 and part.shape[1] <= 31
            greys.add(round(float(part[0, 0])))
    assert len(greys) > 80
    assert 0.04 < (changed != 100).mean() < 0.08  # a quarter of a half times a half


@pytest.mark.parametrize("height", [0.1, 0.3])
def test_a_marker_is_bright_small_and_on_half_of_the_images(height):
    changed = covered(marker=height)
    lit = changed != 100
    assert changed[lit].min() >= 160
    assert 0.4 < lit.any(axis=(1, 2)).mean() < 0.6
    for image in lit[lit.any(axis=(1, 2))]:
        rows, columns = np.nonzero(image)
        assert np.ptp(rows) <= height * 40 + 1 and np.ptp(columns) <= height * 40 + 1


def test_every_place_may_be_covered():
    assert (covered(erase=0.5) != 100).any(axis=0).mean() > 0.9
