"""The lungs' areas, lengths, angles and places are measured."""

import math

import cv2
import numpy as np
import pytest

from chestnut.lungfield.geometry import GEOMETRY, measure
from chestnut.lungfield.lungs import WHOLE, Lungs

FIELD = 48


def ellipse(x, y, wide, high, lean=0.0):
    """A field with an ellipse, in shares of the picture, whose top leans to the right by degrees."""
    drawn = np.zeros((8 * FIELD, 8 * FIELD), np.uint8)
    scale = 8 * FIELD
    cv2.ellipse(drawn, ((x * scale, y * scale), (wide * scale, high * scale), lean), 255, -1)
    return cv2.resize(drawn, (FIELD, FIELD), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def pair(lean=(0.0, 0.0), down=0.0):
    return np.stack([ellipse(0.3, 0.5, 0.2, 0.5, lean[0]), ellipse(0.7, 0.5 + down, 0.24, 0.6, lean[1])])


def test_figures_of_two_upright_lungs():
    found = measure(pair(), (200, 100))
    assert tuple(found) == GEOMETRY
    near = {
        "area_right": math.pi / 4 * 0.2 * 0.5, "area_left": math.pi / 4 * 0.24 * 0.6, "area_ratio": 1.44,
        "height_right": 0.5, "height_left": 0.6, "width_right": 0.2, "width_left": 0.24,
        "top_right": 0.25, "bottom_left": 0.8,
        "gap": 0.58 - 0.4, "box_height": 0.6, "box_width": 0.62, "aspect": 0.62 / 1.2,
        "centre_x": 0.51, "centre_y": 0.5,
    }  # fmt: skip
    assert {name: found[name] for name in near} == pytest.approx(near, abs=0.015)
    assert [found[name] for name in ("angle_left", "angle_right", "tilt")] == pytest.approx([0, 0, 0], abs=0.5)
    assert found["fill"] == pytest.approx((found["area_left"] + found["area_right"]) / (0.6 * 0.62), abs=0.02)


def test_angles_are_those_in_the_picture():
    found = measure(pair(lean=(10, -6)), (100, 100))
    assert found["angle_right"] == pytest.approx(10, abs=1)  # its top leans to the right of the picture
    assert found["angle_left"] == pytest.approx(-6, abs=1)
    stretched = measure(pair(lean=(10, -6)), (50, 100))
    assert stretched["angle_right"] > 15  # half as high, so that it leans more


def test_tilt_is_that_of_the_line_between_the_lungs():
    assert measure(pair(down=0.05), (100, 100))["tilt"] == pytest.approx(math.degrees(math.atan2(0.05, 0.4)), abs=0.5)


def test_a_missing_lung_gives_no_figures():
    fields = pair()
    fields[1] = 0
    found = measure(fields, (100, 100))
    assert tuple(found) == GEOMETRY
    assert all(math.isnan(value) for value in found.values())


def test_masks_are_drawn_at_any_size_of_the_image():
    for size in ((30, 50), (600, 400), (1, 1)):
        lungs = Lungs(size, True, "", 0.9, WHOLE, np.zeros((3, 2), np.float32), pair())
        assert lungs.mask.shape == lungs.left.shape == lungs.right.shape == size
        if min(size) > 1:
            assert lungs.left.mean() == pytest.approx(math.pi / 4 * 0.24 * 0.6, abs=0.01)
            assert lungs.right[:, : size[1] // 2].sum() == lungs.right.sum()
