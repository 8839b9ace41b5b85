"""The box around the lungs grows by a margin, and what is outside or inside a hull becomes black."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.lungfield.blank import blank_inside, blank_outside
from chestnut.lungfield.crop import crop_box
from chestnut.lungfield.lungs import WHOLE

share = st.floats(0, 1)


def test_the_margin_below_is_half_as_large_again():
    assert crop_box((0.2, 0.1, 0.7, 0.6), 0.1) == pytest.approx((0.15, 0.05, 0.775, 0.65))


def test_no_margin_is_the_box():
    assert crop_box((0.2, 0.1, 0.7, 0.6), 0) == (0.2, 0.1, 0.7, 0.6)


@settings(max_examples=50, deadline=None)
@given(st.tuples(share, share), st.tuples(share, share), st.floats(0, 0.5))
def test_the_crop_contains_the_box_and_stays_in_the_image(rows, columns, margin):
    (top, bottom), (left, right) = sorted(rows), sorted(columns)
    cut = crop_box((top, left, bottom, right), margin)
    assert 0 <= cut.top <= top <= bottom <= cut.bottom <= 1
    assert 0 <= cut.left <= left <= right <= cut.right <= 1


def test_the_whole_image_stays_whole():
    assert crop_box(WHOLE, 0.3) == WHOLE


def test_what_is_outside_or_inside_the_hull_becomes_black():
    grey = np.full((40, 60), 200, np.uint8)
    hull = np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]], np.float32)
    outside, inside = blank_outside(grey, hull), blank_inside(grey, hull)
    assert (outside[12:28, 17:43] == 200).all() and (inside[12:28, 17:43] == 0).all()
    assert (outside[:8] == 0).all() and (outside[:, 47:] == 0).all()
    assert np.array_equal(outside, np.where(inside == 0, grey, 0))
    assert (grey == 200).all()


def test_a_hull_around_the_whole_image_blanks_all_or_nothing():
    grey = np.random.default_rng(0).integers(1, 256, (23, 31)).astype(np.uint8)
    hull = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    assert np.array_equal(blank_outside(grey, hull), grey)
    assert not blank_inside(grey, hull).any()


def test_a_hull_that_reaches_out_of_the_image_is_cut():
    grey = np.full((20, 20), 9, np.uint8)
    hull = np.array([[-1.0, -1.0], [0.5, -1.0], [0.5, 2.0], [-1.0, 2.0]], np.float32)
    left = blank_outside(grey, hull)
    assert (left[:, :9] == 9).all() and (left[:, 11:] == 0).all()
