"""Compute the paths of X-rays through the soft parts of a chest: body, lungs, heart, diaphragm, airways, stomach.

An outline is a function of height, evaluated once per row. A thickness is the chord of an ellipse, which gives edges as
sharp as natural ones without a hard cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from chestnut.data.phantom.chest.anatomy import Anatomy, Posture
from chestnut.data.phantom.chest.shapes import Grid, Map, chord, soft

_APEX = 0.37  # distance from the midline at which a lung is highest, as a share of half the cage's width


@dataclass(frozen=True)
class Thorax:
    """The paths of the rays in cm, shape (rows, columns), and the outlines to which bones and lesions are fitted.

    Attributes:
        tissue: The path through everything except air, as if all of it were water.
        air: The path through aerated lung, which `tissue` does not include.
        lung: The share of lung on the part of the ray inside the rib cage, 0..1.
        length: The distance from the apices to the top of the right diaphragm with this breath, cm.
        cage: Half the inner width of the rib cage, cm, shape (rows, 1).
        medial: The distance from the midline at which lung begins beside the mediastinum, cm.
        floor: The height of the diaphragm, cm below the apices.
        spine: The x of the spine's middle, cm, shape (rows, 1).
    """

    tissue: Map
    air: Map
    lung: Map
    length: float
    cage: Map
    medial: Map
    floor: Map
    spine: Map


def project(anatomy: Anatomy, posture: Posture, grid: Grid) -> Thorax:
    """Send parallel rays through the soft parts of a chest, one for each sample of the grid."""
    x, y = grid.x, grid.y
    length = anatomy.length * posture.breath
    swing, phase = anatomy.spine_swing
    spine = np.float32(swing) * np.sin(y * np.float32(2 * np.pi / 38) + np.float32(phase))
    cage = _cage(anatomy, y, length)
    depth = anatomy.depth * chord(np.clip(1 - (y + 0.2) / (0.62 * length), 0, 1))
    cavity = 2 * depth * chord(np.abs(x) / cage)
    medial, fills = _mediastinum(anatomy, grid, length)
    centre = posture.turn * soft((y - 2) / 8)
    filled = chord((x - centre) / medial)
    filled *= 2 * depth * fills
    core = grid.part((-5, 5), (-99, 99))
    within = soft((3.4 - np.abs(core.x - spine)) / 2.6) * cavity[core.place]
    filled[core.place] = np.maximum(filled[core.place], within)
    floor = _floor(anatomy, grid, length)
    # The dome is a cap: a ray that grazes it still crosses lung before and behind it, less and less further down.
    filled += 2 * np.sqrt(28.0 * np.maximum(y - floor, 0))
    air = np.maximum(cavity - filled, 0)
    tissue = _body(anatomy, grid, depth) - air
    _add_breasts(tissue, anatomy, grid, length)
    _remove_airways(tissue, posture, grid, length)
    _remove_stomach_gas(tissue, anatomy, grid, floor, length)
    return Thorax(tissue, air, air / (cavity + 0.5), length, cage, medial, floor, spine)


def _cage(anatomy: Anatomy, y: Map, length: float) -> Map:
    """Return half the inner width of the rib cage at each height: domed above, widening to the costophrenic angles."""
    rise = np.clip(1 - (y + 0.2) / (0.95 * length), 0, 1)
    taper = np.clip((y - length) / (0.5 * length), 0, 1)
    apex = _APEX * anatomy.width
    return cast(Map, (apex + (anatomy.width - apex) * np.sqrt(1 - rise**2.6)) * (1 - 0.06 * taper * taper))


def _bump(y: Map, centre: float, half: float, reach: float, below: float = 1.0) -> Map:
    """Return half an ellipse that protrudes from the midline; `below` < 1 stretches its lower part."""
    off = (y - centre) / half
    return reach * chord(np.where(off > 0, off * below, off))


def _outermost(*outlines: Map) -> Map:
    """Return the outermost of several outlines, rounded where they meet (a 5-norm)."""
    return cast(Map, np.sum([np.maximum(outline, 0.01) ** 5 for outline in outlines], axis=0) ** 0.2)


def _mediastinum(anatomy: Anatomy, grid: Grid, length: float) -> tuple[Map, Map]:
    """Return where the lungs begin beside the mediastinum, and the share of the chest's depth that it fills."""
    y, width = grid.y, anatomy.width
    arch = 1 - chord(np.clip(1 - (y + 0.2) / 3.6, 0, 1))
    neck = anatomy.mediastinum + (1.15 * _APEX * width - anatomy.mediastinum) * arch
    heart = soft((y - 0.30 * length) / (0.25 * length))
    trunk = neck * (1 - 0.35 * heart)
    right = _outermost(0.9 * trunk, _bump(y, 0.74 * length, 0.34 * length, anatomy.atrium * width, below=0.6))
    left = _outermost(
        0.85 * trunk,
        _bump(y, 0.27 * length, 0.10 * length, anatomy.knob),
        _bump(y, 0.43 * length, 0.17 * length, 0.45 * anatomy.knob + 2.0),  # pulmonary artery and left atrium
        _bump(y, 0.86 * length, 0.44 * length, anatomy.heart * width, below=0.8),
    )
    return grid.sides(right, left), 1 - 0.13 * heart


def _floor(anatomy: Anatomy, grid: Grid, length: float) -> Map:
    """Return the height of the diaphragm: two domes, steep towards the sides and gentle towards the heart."""
    top = grid.sides(length, length + anatomy.left_lower)
    fall = grid.sides(*anatomy.domes)
    off = np.abs(grid.x) / anatomy.width - 0.46
    outer = np.maximum(off / 0.54, 0) ** 2.6
    inner = np.maximum(-off / 0.46, 0) ** 2
    return np.broadcast_to(top + fall * (outer + 0.5 * inner), grid.shape)


def _body(anatomy: Anatomy, grid: Grid, depth: Map) -> Map:
    """Return the path through the whole body: neck, shoulders, trunk and upper arms."""
    trunk, joint = anatomy.width + anatomy.wall, anatomy.shoulder
    heights = [-12, -7, -4.5, -2.6, -1, 0.5, 2.5, 5, 9, 13]
    edge = _interpolate(grid, heights, [5.6, 6, 7.4, 10.5, 14, 16.2, joint + 0.6, joint + 0.8, trunk + 1.2, trunk])
    half = _interpolate(grid, heights, [6, 6, 6.2, 6.2, 6, 6.2, 7, 8, 10, 10]) - 10 + anatomy.depth + 0.7 * anatomy.wall
    half = np.maximum(half, depth + 0.6 * anatomy.wall)
    path = np.abs(grid.x) / edge
    path *= path * np.sqrt(path)
    np.maximum(1 - path, 0, out=path)
    np.sqrt(path, out=path)
    path *= 2 * half
    radius = 3.6 + 0.5 * anatomy.wall
    for sign in (-1, 1):
        reach = sorted((sign * (joint - radius - 0.5), sign * 99.0))
        box = grid.part((reach[0], reach[1]), (-3, 99))
        along, off = arm_frame(anatomy, box)
        end = np.minimum(along - 2.5, 0) / (1.5 * radius)
        arm = 2 * radius * chord(off / radius, end)
        path[box.place] = np.maximum(path[box.place], arm)
    return path


def _interpolate(grid: Grid, heights: list[float], values: list[float]) -> Map:
    """Interpolate values given at some heights, without corners; shape (rows, 1)."""
    line = np.interp(grid.y[:, 0], heights, values).astype(np.float32)[:, None]
    sigma = 1.0 / grid.step
    return cast(Map, cv2.GaussianBlur(line, (1, 0), sigmaX=0.1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE))


def arm_frame(anatomy: Anatomy, grid: Grid) -> tuple[Map, Map]:
    """Return the distances along the upper arm from the shoulder joint, and sideways from its axis, cm."""
    sine, cosine = float(np.sin(anatomy.arm)), float(np.cos(anatomy.arm))
    dx, dy = np.abs(grid.x) - anatomy.shoulder, grid.y - 1.8
    return dx * sine + dy * cosine, dx * cosine - dy * sine


def _add_breasts(tissue: Map, anatomy: Anatomy, grid: Grid, length: float) -> None:
    """Add two mounds that thicken downwards to a sharp fold."""
    if not anatomy.breast:
        return
    radius = 0.46 * anatomy.width
    box = grid.part((-15, 15), (0.72 * length - 1.1 * radius, 0.72 * length + 1.1 * radius))
    dx = (np.abs(box.x) - 0.6 * anatomy.width) / radius
    dy = (box.y - 0.72 * length) / (1.05 * radius)
    tissue[box.place] += anatomy.breast * soft((dy + 1) / 1.3) * chord(dx, dy)


def _remove_airways(tissue: Map, posture: Posture, grid: Grid, length: float) -> None:
    """Remove the trachea, a little right of the midline, and the main bronchi, of which the right one is steeper."""
    carina = 0.33 * length
    box = grid.part((-6, 6), (-99, carina + 6))
    x, y = box.x, box.y
    middle = 0.7 * posture.turn - 0.35 * soft(y / carina) + 0.15 * np.sin(0.4 * y)
    trachea = 1.5 * chord((x - middle) / 0.85) * soft((carina + 0.9 - y) / 1.2)
    off = np.abs(x - middle[box.row(carina)])
    slope = box.sides(1.15, 0.75)
    distance = (off * slope - (y - carina)) / np.sqrt(1 + slope * slope)
    reach = soft((off + 0.2) / 0.5) * soft((4.2 - off) / 2) * soft((y - carina + 0.9) / 0.8)
    tissue[box.place] -= np.maximum(trachea, chord(distance / 0.6) * reach)


def _remove_stomach_gas(tissue: Map, anatomy: Anatomy, grid: Grid, floor: Map, length: float) -> None:
    """Remove the gas under the left dome, which is flat below, where it meets the fluid."""
    half, high = anatomy.bubble
    if not high:
        return
    centre, level = 0.46 * anatomy.width, length + anatomy.left_lower + high + 1.2
    box = grid.part((centre - 2 * half, centre + 2 * half), (length - 2, level + 2))
    bubble = chord((box.x - centre) / (1.2 * half), np.minimum(box.y - level, 0) / (1.6 * high))
    gas = 3.0 * bubble * soft((box.y - floor[box.place] - 0.5) / 1.5) * soft((level - box.y) / 0.9 + 1)
    tissue[box.place] -= gas
