"""A box that moves lands where it was to go, whatever the image's shape; heat outside of the lungs does not count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.lungfield.heat import share_inside
from chestnut.lungfield.move import move_lungs


def boxes():
    low, high = st.floats(0.05, 0.35), st.floats(0.65, 0.95)
    return st.tuples(low, low, high, high)


@given(boxes(), boxes(), st.sampled_from(["constant", "nearest", "reflect"]))
@settings(max_examples=40, deadline=None)
def test_a_box_lands_on_its_target(box, target, fill):
    height, width = 90, 120
    middles = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    top, left, bottom, right = box
    for plane, low, high, to_low, to_high in (
        (0, top, bottom, target[0], target[2]),
        (1, left, right, target[1], target[3]),
    ):
        at = middles[plane]
        image = np.clip(255 * (at - low) / (high - low), 0, 255).astype(np.uint8)  # a ramp across the box
        moved = move_lungs(image, box, target, fill)
        ramp = 255 * (at - to_low) / (to_high - to_low)
        within = (
            (middles[0] > target[0]) & (middles[0] < target[2]) & (middles[1] > target[1]) & (middles[1] < target[3])
        )
        assert np.abs(moved.astype(float) - ramp)[within].max() < 5


def test_an_image_on_its_own_box_stays():
    image = np.random.default_rng(0).integers(0, 256, (30, 50), dtype=np.uint8)
    np.testing.assert_array_equal(move_lungs(image, (0.2, 0.3, 0.7, 0.9), (0.2, 0.3, 0.7, 0.9)), image)


def test_the_share_of_heat_within_the_lungs():
    lungs = np.zeros((10, 10), np.bool_)
    lungs[:, :5] = True
    assert share_inside(np.ones((10, 10)), lungs) == pytest.approx(0.5)
    assert share_inside(np.where(lungs, -3, 2), lungs) == 0
    assert np.isnan(share_inside(np.zeros((10, 10)), lungs))
    with pytest.raises(ValueError, match="give both for the same pixels"):
        share_inside(np.ones((5, 10)), lungs)
