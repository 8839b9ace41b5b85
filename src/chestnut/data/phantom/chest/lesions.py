"""Draw pneumonia: its place in the lungs, and the share of the lung that it fills along each ray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chestnut.data.phantom.chest.shapes import Grid, Map, cloud, soft
from chestnut.data.phantom.chest.thorax import Thorax

Kind = Literal["none", "lobar", "diffuse"]


@dataclass(frozen=True)
class Lobe:
    """A lobe in the frontal projection.

    Positions are pairs (across, down): `across` is 0 at the mediastinum and 1 at the ribs, `down` is 0 at the apex and
    1 at the diaphragm.

    Attributes:
        side: The side of the body: -1 for the patient's right, 1 for the left.
        bounds: The half planes that bound the lobe, each `(a, b, c, softness)` for a + b·down + c·across > 0.
        middle: The average centre of a lesion in the lobe.
        spread: The greatest distance of a lesion's centre from there.
        reach: Half the size of an average lesion.
    """

    side: int
    bounds: tuple[tuple[float, float, float, float], ...]
    middle: tuple[float, float]
    spread: tuple[float, float]
    reach: tuple[float, float]


_UPPER_EDGE_OF_LOWER = (-0.48, 1.0, 0.0, 0.25)
LOBES = {
    "right upper": Lobe(-1, ((0.48, -1.0, 0.05, 0.03),), (0.50, 0.30), (0.30, 0.10), (0.60, 0.26)),
    "right middle": Lobe(
        -1, ((-0.48, 1.0, -0.05, 0.03), (1.12, -1.0, -0.38, 0.15)), (0.15, 0.72), (0.15, 0.06), (0.62, 0.26)
    ),
    "right lower": Lobe(-1, (_UPPER_EDGE_OF_LOWER,), (0.45, 0.88), (0.30, 0.08), (0.55, 0.28)),
    "left upper": Lobe(1, ((0.80, -1.0, -0.35, 0.20),), (0.30, 0.45), (0.25, 0.20), (0.60, 0.28)),
    "left lower": Lobe(1, (_UPPER_EDGE_OF_LOWER,), (0.45, 0.88), (0.30, 0.08), (0.55, 0.28)),
}


@dataclass(frozen=True)
class Lesion:
    """One patient's pneumonia, the same in all images of the patient.

    Attributes:
        kind: The kind: "lobar" or "diffuse".
        lobe: The lobe of a lobar lesion, one of `LOBES`; empty for a diffuse one.
        severity: The share of the lung that is filled in the middle of the lesion, 0..1.
        centre: The position of the centre within the lobe's spread, (across, down), each -1..1.
        extent: The size; 1 is average.
        seed: The seed of the lesion's unevenness.
    """

    kind: Kind
    lobe: str
    severity: float
    centre: tuple[float, float]
    extent: float
    seed: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Lesion:
        """Draw a lesion at random, from a faint one to one that hides the ribs."""
        lobar = rng.random() < 0.6
        lobe = str(rng.choice(list(LOBES)))
        return cls(
            kind="lobar" if lobar else "diffuse",
            lobe=lobe if lobar else "",
            severity=float(rng.uniform(0.30, 0.80) if lobar else rng.uniform(0.28, 0.60)),
            centre=(float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))),
            extent=float(rng.uniform(0.65, 1.3)),
            seed=int(rng.integers(2**32)),
        )


def project(lesion: Lesion, grid: Grid, thorax: Thorax, growth: float) -> Map:
    """Return the share of the lung along each ray that the lesion fills, 0..1, shape (rows, columns).

    Args:
        lesion: The patient's lesion.
        grid: The sampling points.
        thorax: The thorax that contains the lungs.
        growth: The size of the lesion in this image, divided by its usual size.
    """
    rng = np.random.default_rng([lesion.seed, 2])
    wisps = cloud(rng, grid.shape, {9: 1.0, 21: 0.6, 50: 0.35})
    down = grid.y / thorax.floor
    across = (np.abs(grid.x) - thorax.medial) / (thorax.cage - thorax.medial)
    if lesion.kind == "lobar":
        return _lobar(lesion, grid, down, across, wisps, lesion.extent * growth)
    return _diffuse(lesion, rng, down, across, wisps, lesion.extent * growth)


def _lobar(lesion: Lesion, grid: Grid, down: Map, across: Map, wisps: Map, size: float) -> Map:
    """Return one dense region with soft edges, cut off where a fissure bounds the lobe."""
    lobe = LOBES[lesion.lobe]
    middle = [at + part * spread for at, part, spread in zip(lobe.middle, lesion.centre, lobe.spread, strict=True)]
    off = np.hypot((across - middle[0]) / (lobe.reach[0] * size), (down - middle[1]) / (lobe.reach[1] * size))
    filled = soft((1.3 - off + 0.2 * wisps) / 0.95)
    for level, by_down, by_across, softness in lobe.bounds:
        inside = by_down * down + (level + 0.25 * softness * wisps)
        filled *= soft((inside + by_across * across if by_across else inside) / softness)
    filled *= np.clip(0.9 + 0.1 * wisps, 0, 1)
    filled *= lesion.severity * (np.sign(grid.x) == lobe.side)
    return filled


def _diffuse(lesion: Lesion, rng: np.random.Generator, down: Map, across: Map, wisps: Map, size: float) -> Map:
    """Return hazy patches in both lungs, denser around the hila and in the lower zones."""
    patches = cloud(rng, wisps.shape, {8: 1.0, 18: 0.7, 44: 0.4})
    near = np.clip(1 + 0.5 * (down - 0.6) - 0.5 * np.abs(across - 0.4), 0.2, 1.3)
    patches += 0.2 * wisps
    patches += 0.55 * size - 0.15
    patches *= near
    filled = soft(patches / 2)
    filled += 0.08 * near
    filled *= lesion.severity
    return filled
