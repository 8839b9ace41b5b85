"""Draw what lies on or around the patient: side markers, leads with electrodes, and the collimator's blades.

None of this depends on the patient's class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.phantom.chest.shapes import Map

#: The strokes of each letter in a box of 0.62 by 1, with y downwards.
_STROKES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "L": (((0, 0), (0, 1), (0.6, 1)),),
    "R": (
        ((0, 1), (0, 0), (0.36, 0), (0.52, 0.06), (0.6, 0.16), (0.6, 0.36), (0.52, 0.47), (0.36, 0.53), (0, 0.53)),
        ((0.34, 0.53), (0.62, 1)),
    ),
}
_METAL = 6.0  # attenuation of a lead letter: nothing gets through


@dataclass(frozen=True)
class Accessories:
    """The markers, leads and blades of one image; positions are shares of its side, with y downwards.

    Attributes:
        markers: The letter, x, y, height in cm and rotation in radians of each side marker.
        leads: The attenuation and the four points of each lead's Bézier curve, starting at the electrode.
        blades: How far the left, top, right and bottom blade reach into the image; below 0 for a blade outside it.
        twist: The rotation of the collimator in radians.
    """

    markers: tuple[tuple[str, float, float, float, float], ...]
    leads: tuple[tuple[float, tuple[tuple[float, float], ...]], ...]
    blades: tuple[float, float, float, float]
    twist: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Accessories:
        """Draw accessories at random: usually one marker, leads on a third of the images, blades on half."""
        markers = []
        shown = rng.choice(["L", "R", "LR", ""], p=[0.4, 0.35, 0.1, 0.15])
        for letter in str(shown):
            x, y = rng.uniform(0.04, 0.13), rng.uniform(0.05, 0.32)
            place = 1 - x if letter == "L" else x
            markers.append((letter, float(place), float(y), float(rng.uniform(1.1, 1.9)), float(rng.normal(0, 0.12))))
        leads = []
        for _ in range(rng.integers(1, 4) if rng.random() < 0.33 else 0):
            start = rng.uniform((0.2, 0.2), (0.8, 0.85))
            end = np.array([rng.choice([-0.05, 1.05]), rng.uniform(0.1, 1.0)])
            bends = [start + share * (end - start) + rng.normal(0, 0.13, 2) for share in (0.33, 0.67)]
            curve = tuple((float(x), float(y)) for x, y in (start, *bends, end))
            leads.append((float(rng.uniform(0.25, 0.7)), curve))
        reach = rng.uniform(-0.03, 0.035, 4) if rng.random() < 0.5 else np.full(4, -1.0)
        blades = cast(tuple[float, float, float, float], tuple(reach.tolist()))
        return cls(tuple(markers), tuple(leads), blades, float(rng.normal(0, 0.012)))


def add(attenuation: Map, accessories: Accessories, step: float) -> None:
    """Add markers and leads to an attenuation map of shape (side, side), in place."""
    side = attenuation.shape[0]
    if accessories.leads:
        _add_leads(attenuation, accessories, step)
    if accessories.markers:
        drawn = np.zeros((side, side), dtype=np.uint8)
        for letter, x, y, height, angle in accessories.markers:
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            for stroke in _STROKES[letter]:
                points = (np.array(stroke) - (0.3, 0.5)) @ turn * height / step + np.array([x, y]) * side
                _line(drawn, points, 0.13 * height / step)
        attenuation += _METAL / 255 * _blur(drawn, 0.04 / step)


def _add_leads(attenuation: Map, accessories: Accessories, step: float) -> None:
    """Add wires as thin curves, each with a round electrode and its metal stud at one end."""
    side = attenuation.shape[0]
    share = np.linspace(0, 1, 60)[:, None]
    basis = np.hstack([(1 - share) ** 3, 3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share), share**3])
    for strength, curve in accessories.leads:
        points = basis @ np.array(curve) * side
        wire, disc, stud = (np.zeros((side, side), dtype=np.uint8) for _ in range(3))
        _line(wire, points, 0.16 / step)
        centre = tuple(np.rint(points[0] * 16).astype(int).tolist())
        for image, radius in ((disc, 0.9), (stud, 0.32)):
            cv2.circle(image, centre, round(radius * 16 / step), 255, cv2.FILLED, cv2.LINE_AA, 4)
        drawn = 1.0 * wire + 0.35 * disc + 1.6 * stud
        attenuation += strength / 255 * _blur(drawn.astype(np.float32), 0.08 / step)


def _line(image: npt.NDArray[np.uint8], points: npt.NDArray[np.float64], width: float) -> None:
    cv2.polylines(image, [np.rint(points * 16).astype(np.int32)], False, 255, max(1, round(width)), cv2.LINE_AA, 4)


def _blur(drawn: npt.NDArray[np.uint8] | Map, sigma: float) -> Map:
    return cast(Map, cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), max(sigma, 0.3)))


def shut(grey: Map, accessories: Accessories) -> None:
    """Blacken, in place, the part of an image of shape (side, side) that the blades cover."""
    if max(accessories.blades) < -0.5:
        return
    side = grey.shape[0]
    place = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    x, y = place[None, :], place[:, None]
    twist = np.float32(accessories.twist)
    left, top, right, bottom = accessories.blades
    for inside in (x + twist * y + 0.5 - left, 0.5 - right - x - twist * y):
        grey *= np.clip(0.5 + 180 * inside, 0, 1)
    for inside in (y - twist * x + 0.5 - top, 0.5 - bottom - y + twist * x):
        grey *= np.clip(0.5 + 180 * inside, 0, 1)
