"""Project one patient's chest to attenuation: every organ, rotated and bent into the field of one image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from chestnut.data.phantom.chest import lesions, skeleton, thorax, vessels
from chestnut.data.phantom.chest.anatomy import Anatomy, Posture
from chestnut.data.phantom.chest.lesions import Lesion
from chestnut.data.phantom.chest.shapes import Map, cloud
from chestnut.data.phantom.chest.vessels import Tubes

# Linear attenuation coefficients in 1/cm at 60 keV, the mean energy of a chest exposure: mass coefficients of NIST
# (Hubbell and Seltzer 1995, NISTIR 5632) times density: water 0.206 × 1.00, cortical bone 0.315 × 1.92,
# lung 0.206 × 0.26.
WATER = 0.206
BONE = 0.605
LUNG = 0.054
FLUID = WATER - LUNG  # the extra attenuation of a centimetre of lung that is filled with fluid

_BEND = 0.24  # cm, standard deviation of the bending that makes every outline irregular
_TEXTURE = {40: 0.6, 75: 0.7, 120: 0.5}  # weight of the lung's unevenness by its number of cells per side


@dataclass(frozen=True)
class Patient:
    """What all images of a patient have in common.

    Attributes:
        name: The patient's identity, such as "phantom-0007".
        anatomy: The body.
        tree: The lung vessels.
        lesion: The pneumonia; None for a normal patient.
    """

    name: str
    anatomy: Anatomy
    tree: tuple[Tubes, ...]
    lesion: Lesion | None

    @classmethod
    def draw(cls, name: str, rng: np.random.Generator, lesion: Lesion | None, side: int) -> Patient:
        """Draw a patient at random, whose images will have about `side` samples per side."""
        anatomy = Anatomy.draw(rng)
        return cls(name, anatomy, vessels.grow(anatomy, anatomy.field / side), lesion)


@dataclass(frozen=True)
class Projection:
    """What the rays of one image met; each map has the shape (side, side).

    Attributes:
        attenuation: The attenuation along each ray without the lesion.
        filled: The centimetres of lung that the lesion fills; None if there is no lesion.
        lung: The share of lung on the part of the ray inside the rib cage, 0..1.
    """

    attenuation: Map
    filled: Map | None
    lung: Map


def project(patient: Patient, posture: Posture, growth: float, side: int) -> Projection:
    """Project a patient into the field of one image.

    Args:
        patient: The patient.
        posture: The posture and breath.
        growth: The size of the lesion in this image, divided by its usual size.
        side: The number of samples per side.
    """
    anatomy, step = patient.anatomy, posture.field / side
    turning = abs(float(np.sin(np.radians(posture.tilt))))
    margin = int(side / 2 * turning + 3 * _BEND / step) + 2  # rotation and bending move this much into the field
    grid = posture.grid(anatomy, side + 2 * margin, step)
    chest = thorax.project(anatomy, posture, grid)
    bone = skeleton.project(anatomy, posture, grid, chest)
    vessel = vessels.project(patient.tree, anatomy, grid, posture.breath)
    vessel *= chest.lung
    uneven = cloud(np.random.default_rng([anatomy.seed, 2]), grid.shape, _TEXTURE)
    uneven *= 0.0035 * anatomy.texture
    uneven += LUNG

    attenuation = chest.tissue
    attenuation *= WATER
    bone *= BONE - WATER
    attenuation += bone
    uneven *= chest.air
    attenuation += uneven
    attenuation += FLUID * vessel
    across, down = _warp_coordinates(anatomy, posture, side, margin)
    turned = cv2.remap(attenuation, across, down, cv2.INTER_LINEAR)
    lung = cv2.remap(chest.lung, across, down, cv2.INTER_LINEAR)
    if patient.lesion is None:
        return Projection(np.maximum(turned, 0), None, lung)
    aerated = np.maximum(chest.air - vessel, 0)
    aerated *= lesions.project(patient.lesion, grid, chest, growth)
    return Projection(np.maximum(turned, 0), cv2.remap(aerated, across, down, cv2.INTER_LINEAR), lung)


def _warp_coordinates(anatomy: Anatomy, posture: Posture, side: int, margin: int) -> tuple[Map, Map]:
    """Return the columns and rows of the projection that appear at each pixel after rotation and bending."""
    bends = np.random.default_rng([anatomy.seed, 3])
    place = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    x, y = place[None, :], place[:, None]
    sine, cosine = (np.float32(turn(np.radians(posture.tilt))) for turn in (np.sin, np.cos))
    middle = np.float32((side - 1) / 2 + margin)
    bent = (cloud(bends, (60, 60), {5: _BEND * side / posture.field}) for _ in range(2))
    across, down = (cv2.resize(map_, (side, side), interpolation=cv2.INTER_LINEAR) for map_ in bent)
    across += cosine * x + (middle + sine * y)
    down += cosine * y + (middle - sine * x)
    return across, down
