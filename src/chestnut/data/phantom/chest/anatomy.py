"""The body of one synthetic patient, and the patient's posture in one image.

The ranges are those of adults on upright films, wide enough for slender and broad builds. They are round figures and
not fitted to any collection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chestnut.data.phantom.chest.shapes import Grid


@dataclass(frozen=True)
class Anatomy:
    """One patient's body, shared by all images of the patient.

    Attributes:
        length: The distance from the apices to the top of the right diaphragm on a deep breath, cm.
        width: Half the greatest inner width of the rib cage, cm.
        depth: Half the greatest inner depth of the rib cage, cm.
        wall: The thickness of soft tissue outside the cage at the sides, cm.
        shoulder: The distance from the midline to a shoulder joint, cm.
        arm: The angle between the upper arms and the trunk, radians.
        rib_pairs: The number of ribs between the apices and the diaphragm on each side; may be a fraction.
        rib_fall: How far a rib descends from the spine to the side, and from there to the front, cm.
        rib_shift: The height of the first rib, and how much higher it is on the left, as shares of the rib gap.
        rib_height: The height of a rib, cm.
        bone: The mineral content; 1 is average.
        heart: The distance of the left ventricle's edge from the midline, as a share of `width`.
        atrium: The distance of the right atrium's edge from the midline, as a share of `width`.
        knob: The distance of the aortic knob's edge from the midline, cm.
        mediastinum: Half the width of the upper mediastinum, cm.
        spine_swing: The sideways amplitude of the spine, cm, and its phase, radians.
        vertebra: The height of a vertebra with its disc, cm.
        domes: How far the right and left diaphragm descend from their tops to the costophrenic angles, cm.
        left_lower: How much lower the left dome is than the right one, cm.
        clavicle: The rise of the clavicles from the sternum to the shoulder, cm.
        scapula: The distance from the midline to the inner borders of the shoulder blades, cm.
        breast: The thickness of the breasts, cm; 0 for none.
        bubble: Half the width, and the height, of the gas in the stomach, cm; a height of 0 means no gas.
        vessels: The strength of the vessels; 1 is average.
        texture: The unevenness of the lung; 1 is average.
        seed: The seed of the patient's irregularities: vessel tree, lung texture, bending of every outline.
    """

    length: float
    width: float
    depth: float
    wall: float
    shoulder: float
    arm: float
    rib_pairs: float
    rib_fall: tuple[float, float]
    rib_shift: tuple[float, float]
    rib_height: float
    bone: float
    heart: float
    atrium: float
    knob: float
    mediastinum: float
    spine_swing: tuple[float, float]
    vertebra: float
    domes: tuple[float, float]
    left_lower: float
    clavicle: float
    scapula: float
    breast: float
    bubble: tuple[float, float]
    vessels: float
    texture: float
    seed: int

    @property
    def field(self) -> float:
        """The side of the field of view that suits the patient, cm."""
        return 2 * self.width + 7.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Anatomy:
        """Draw a patient at random; sizes that are correlated in people are drawn together."""

        def around(mean: float, spread: float) -> float:
            return mean + spread * min(max(float(rng.normal()), -2.2), 2.2)

        def between(low: float, high: float) -> float:
            return float(rng.uniform(low, high))

        build = around(0, 1)  # from slender to broad
        length = around(23.0, 1.5)
        width = 13.6 + 0.5 * build + 0.25 * (length - 23) + around(0, 0.4)
        return cls(
            length=length,
            width=width,
            depth=8.9 + 0.6 * build + around(0, 0.4),
            wall=max(2.5 + 0.7 * build + around(0, 0.3), 1.2),
            shoulder=width + between(3.2, 4.4),
            arm=between(0.03, 0.30),
            rib_pairs=between(9.0, 10.6),
            rib_fall=(between(3.2, 5.8), between(4.5, 7.5)),
            rib_shift=(between(0, 1), around(0, 0.05)),
            rib_height=between(1.0, 1.3),
            bone=between(0.75, 1.2),
            heart=around(0.60, 0.045),
            atrium=around(0.31, 0.03),
            knob=between(2.9, 4.2),
            mediastinum=between(2.7, 3.5),
            spine_swing=(around(0, 0.3), between(0, 2 * np.pi)),
            vertebra=length / between(9.6, 10.8),
            domes=(between(3.0, 5.0), between(2.8, 4.8)),
            left_lower=between(0.2, 1.8),
            clavicle=between(2.6, 5.6),
            scapula=between(9.5, 13.0),
            breast=between(1.2, 4.2) * (rng.random() < 0.5),
            bubble=(between(1.6, 3.6), between(1.2, 2.6) * (rng.random() < 0.7)),
            vessels=between(0.75, 1.3),
            texture=between(0.6, 1.4),
            seed=int(rng.integers(2**32)),
        )


@dataclass(frozen=True)
class Posture:
    """The patient's posture and breath in one image.

    Attributes:
        breath: The length of the lungs as a share of their length on a deep breath.
        turn: The shift of heart and trachea against the spine, from turning about the long axis, cm.
        tilt: The rotation in the plane of the image, degrees.
        shift: The position of the field's centre relative to the body's, (x, y) in cm.
        field: The side of the square field of view, cm.
    """

    breath: float
    turn: float
    tilt: float
    shift: tuple[float, float]
    field: float

    @classmethod
    def draw(cls, rng: np.random.Generator, anatomy: Anatomy) -> Posture:
        """Draw a posture at random; the field fits the patient's size, as a radiographer would set it."""
        return cls(
            breath=float(max(1.02 - abs(rng.normal(0, 0.05)), 0.86)),
            turn=min(max(float(rng.normal(0, 0.35)), -0.9), 0.9),
            tilt=min(max(float(rng.normal(0, 1.8)), -4.5), 4.5),
            shift=(float(rng.normal(0, 0.6)), float(rng.normal(0, 0.7))),
            field=float(anatomy.field * rng.uniform(0.93, 1.08)),
        )

    def grid(self, anatomy: Anatomy, side: int, step: float) -> Grid:
        """Return a square grid of `side` samples, `step` cm apart, around the centre of the field."""
        return Grid.square((self.shift[0], 0.5 * anatomy.length + 1.0 + self.shift[1]), side, step)
