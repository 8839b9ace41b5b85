"""Measure the lungs: areas, lengths, angles and places."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

#: The names of the figures. Areas, lengths and places are shares of the image, angles are degrees. `left` and `right`
#: are the patient's. An angle is that of the lung's long axis against the vertical, positive where it leans to the
#: right of the picture at its top; `tilt` is that of the line between the lungs' centres against the horizontal.
GEOMETRY = (
    "area_left", "area_right", "area_ratio",
    "height_left", "height_right", "width_left", "width_right",
    "top_left", "top_right", "bottom_left", "bottom_right",
    "angle_left", "angle_right", "tilt",
    "gap", "box_height", "box_width", "aspect", "centre_x", "centre_y", "fill",
)  # fmt: skip

#: How many times finer than the network's field places are measured.
FINER = 4


def refine(field: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the outline of one lung on a grid `FINER` times as fine as its field: 1 inside, 0 outside."""
    side = field.shape[0] * FINER
    fine = cv2.resize(field, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine > 0.5, dtype=np.uint8)


def measure(fields: npt.NDArray[np.float32], size: tuple[int, int]) -> dict[str, float]:
    """Return the figures of two lungs by name, in the order of `GEOMETRY`; NaN where a lung is missing.

    Args:
        fields: The probabilities of the lung at the left of the picture and the lung at its right, (2, rows, columns).
        size: The height and width of the image in pixels, for angles and the aspect.
    """
    masks = [refine(field) for field in fields]
    if not all(mask.any() for mask in masks):
        return dict.fromkeys(GEOMETRY, math.nan)
    right, left = (_measure_one(mask, size) for mask in masks)
    top, bottom = min(left["top"], right["top"]), max(left["bottom"], right["bottom"])
    start, end = min(left["start"], right["start"]), max(left["end"], right["end"])
    height, width = bottom - top, end - start
    across, down = ((left[axis] - right[axis]) * length for axis, length in (("x", size[1]), ("y", size[0])))
    found = {f"{name}_{side}": one[name] for side, one in (("left", left), ("right", right)) for name in one}
    found |= {
        "area_ratio": left["area"] / right["area"],
        "tilt": math.degrees(math.atan2(down, across)),
        "gap": left["start"] - right["end"],
        "box_height": height,
        "box_width": width,
        "aspect": width * size[1] / (height * size[0]),
        "centre_x": (start + end) / 2,
        "centre_y": (top + bottom) / 2,
        "fill": (left["area"] + right["area"]) / (height * width),
    }
    return {name: float(found[name]) for name in GEOMETRY}


def _measure_one(mask: npt.NDArray[np.uint8], size: tuple[int, int]) -> dict[str, float]:
    """Return the figures of one lung: its area, box (`top`, `bottom`, `start`, `end`), centre (`x`, `y`) and angle."""
    left, top, width, height = cv2.boundingRect(mask)
    side = mask.shape[0]
    moments = cv2.moments(mask, binaryImage=True)
    wide, high, mixed = (moments[name] for name in ("mu20", "mu02", "mu11"))
    rows, columns = size
    wide, high, mixed = wide * columns**2, high * rows**2, mixed * rows * columns  # in pixels of the image
    return {
        "area": moments["m00"] / side**2,
        "height": height / side,
        "width": width / side,
        "top": top / side,
        "bottom": (top + height) / side,
        "start": left / side,
        "end": (left + width) / side,
        "x": moments["m10"] / moments["m00"] / side,
        "y": moments["m01"] / moments["m00"] / side,
        "angle": math.degrees(0.5 * math.atan2(-2 * mixed, high - wide)),
    }
