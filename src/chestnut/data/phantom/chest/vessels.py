"""Grow the tree of a patient's lung vessels, and project it for each image."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from chestnut.data.phantom.chest.anatomy import Anatomy
from chestnut.data.phantom.chest.shapes import Grid, Map

#: For each order of vessels: branches per vessel, points per vessel at `_COARSEST`, and blur of their image in cm.
_ORDERS = ((9, 48, 0.16), (6, 24, 0.08), (0, 8, 0.05))
_ROOTS = 8  # vessels that start in each lung
_COARSEST = 0.17  # distance between samples, cm; finer grids take more points
_USUAL = 23.0  # length of the lungs for which the sizes below are given, cm
_TAPER = 0.6  # share of its radius that a vessel loses from start to end


class Tubes(NamedTuple):
    """Vessels of one order as points along them, shape (tubes, points); lengths are shares of the lungs' length.

    Attributes:
        x, y: The positions of the points.
        volume: The volume of the piece of tube at each point.
        blur: The blur of their image, cm.
    """

    x: Map
    y: Map
    volume: Map
    blur: float


class _Stems(NamedTuple):
    """The starts of vessels, shape (tubes, 1); an angle is 0 horizontally outward and positive downwards."""

    x: Map
    y: Map
    side: Map
    angle: Map
    radius: Map
    reach: Map


def grow(anatomy: Anatomy, step: float) -> tuple[Tubes, ...]:
    """Grow a patient's vessels from the hila, order by order; `step` decides only how finely they are sampled."""
    rng = np.random.default_rng([anatomy.seed, 1])
    finer = max(1, round(_COARSEST / step))
    stems = _hila(rng)
    orders = []
    for branches, points, blur in _ORDERS:
        along = np.linspace(0, 1, points * finer, dtype=np.float32)
        tubes, heading = _extend(rng, stems, along, blur)
        orders.append(tubes)
        if branches:
            stems = _branch(rng, stems, tubes, heading, branches)
    return tuple(orders)


def _stems(*parts: Map) -> _Stems:
    return _Stems(*(np.asarray(part, dtype=np.float32).reshape(-1, 1) for part in parts))


def _hila(rng: np.random.Generator) -> _Stems:
    """Return a fan of large vessels from each hilum, of which the left one is a little higher."""
    count = 2 * _ROOTS
    side = np.repeat([-1.0, 1.0], _ROOTS)
    angle = np.tile(np.linspace(-1.35, 1.45, _ROOTS), 2) + rng.normal(0, 0.10, count)
    x = side * (rng.uniform(2.9, 3.9, count) + 0.5 * (side > 0) + 0.25 * np.maximum(angle, 0)) / _USUAL
    y = np.where(side < 0, 0.42, 0.38) + 0.07 * angle + rng.normal(0, 0.017, count)
    radius = rng.uniform(0.32, 0.52, count) / _USUAL
    reach = (0.36 + 0.16 * np.abs(np.sin(angle))) * rng.uniform(0.8, 1.1, count)
    return _stems(x, y, side, angle, radius, reach)


def _extend(rng: np.random.Generator, stems: _Stems, along: Map, blur: float) -> tuple[Tubes, Map]:
    """Extend vessels in gentle curves; return them and their directions, shape (tubes, points)."""
    bend, wave, phase = (rng.normal(0, size, stems.x.shape).astype(np.float32) for size in (0.3, 0.16, 2.0))
    heading = stems.angle + bend * along + wave * np.sin(7 * along + phase)
    piece = stems.reach / along.size
    x = stems.x + stems.side * np.cumsum(np.cos(heading) * piece, axis=1)
    y = stems.y + np.cumsum(np.sin(heading) * piece, axis=1)
    width = stems.radius * (1 - _TAPER * along)
    return Tubes(x, y, np.float32(np.pi) * width * width * piece, blur), heading


def _branch(rng: np.random.Generator, stems: _Stems, tubes: Tubes, heading: Map, branches: int) -> _Stems:
    """Start thinner branches at random places along vessels, to either side."""
    parent = np.repeat(np.arange(len(heading)), branches)
    share = rng.uniform(0.12, 1, parent.size)
    at = (parent, (share * (heading.shape[1] - 1)).astype(np.int64))
    turn = rng.choice([-1.0, 1.0], parent.size) * rng.uniform(0.3, 0.9, parent.size)
    radius = 0.65 * stems.radius[parent, 0] * (1 - _TAPER * share)
    reach = stems.reach[parent, 0] * rng.uniform(0.3, 0.55, parent.size)
    return _stems(tubes.x[at], tubes.y[at], stems.side[parent], heading[at] + turn, radius, reach)


def project(tree: tuple[Tubes, ...], anatomy: Anatomy, grid: Grid, breath: float) -> Map:
    """Return the centimetres of vessel along each ray; the caller limits them to the lungs."""
    total = np.zeros(grid.shape, dtype=np.float32)
    length = anatomy.length
    for tubes in tree:
        drawn = _splat(grid, length * tubes.x.ravel(), breath * length * tubes.y.ravel(), tubes.volume.ravel())
        total += cv2.GaussianBlur(drawn, (0, 0), max(tubes.blur / grid.step, 0.4))
    total *= np.float32(1.7 * anatomy.vessels * length**3 / grid.step**2)
    return total


def _splat(grid: Grid, x: Map, y: Map, volume: Map) -> Map:
    """Divide every volume among the four samples around it, so that each tube keeps its cross-section."""
    rows, columns = grid.shape
    column = np.clip((x - grid.x[0, 0]) / grid.step, 0, columns - 1.01)  # nothing is drawn at the edges
    row = np.clip((y - grid.y[0, 0]) / grid.step, 0, rows - 1.01)
    left, top = column.astype(np.int64), row.astype(np.int64)
    column -= left
    row -= top
    place = top * columns + left
    lower, upper = volume * row, volume * (1 - row)
    places = np.concatenate([place, place + 1, place + columns, place + columns + 1])
    shares = np.concatenate([upper * (1 - column), upper * column, lower * (1 - column), lower * column])
    return np.bincount(places, shares, rows * columns).reshape(rows, columns).astype(np.float32)
