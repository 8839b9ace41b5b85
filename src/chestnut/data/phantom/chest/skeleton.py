"""Compute the paths of X-rays through the bones of a chest: ribs, spine, clavicles, shoulder blades and upper arms.

A bone is a shell of dense cortex around a light core, so it is brightest along its edges. Ribs are tilted rings on the
rib cage. A ray crosses the cage at the back and at the front; at both points, its distance from the next ring decides
how much rib it crosses.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.phantom.chest.anatomy import Anatomy, Posture
from chestnut.data.phantom.chest.shapes import Grid, Map, chord, length_of, shell, soft
from chestnut.data.phantom.chest.thorax import Thorax, arm_frame


def project(anatomy: Anatomy, posture: Posture, grid: Grid, thorax: Thorax) -> Map:
    """Return the centimetres of dense bone along each ray, shape (rows, columns)."""
    total = np.zeros(grid.shape, dtype=np.float32)
    _add_ribs(total, anatomy, grid, thorax)
    _add_spine(total, anatomy, posture, grid, thorax)
    _add_clavicles(total, anatomy, posture, grid)
    _add_blades(total, anatomy, grid)
    _add_upper_arms(total, anatomy, grid)
    total *= np.float32(anatomy.bone)
    return total


def _add_ribs(total: Map, anatomy: Anatomy, grid: Grid, thorax: Thorax) -> None:
    widest = anatomy.width + 0.6
    box = grid.part((-widest, widest), (-2, thorax.length + 7))
    cage = thorax.cage[box.place[0]]
    across = np.abs(box.x) / (cage + 0.45)
    back = chord(across)
    scale = 0.35 + 0.65 * cage / anatomy.width  # the upper rings are smaller
    fall, rest = anatomy.rib_fall
    spacing = thorax.length / anatomy.rib_pairs
    first, left_higher = anatomy.rib_shift
    shift = box.sides(first, first + left_higher)
    half = anatomy.rib_height / 2

    behind = scale * fall * 0.5 * (1 + across - back)
    posterior = _rings(box, behind, spacing, shift, half, last=10.8)
    posterior *= soft(np.abs(box.x) - 1.2)
    before = scale * (fall + rest * (0.4 + 0.6 * back - 0.4 * across))
    anterior = _rings(box, before, spacing, shift + 0.3, 1.2 * half, last=7.4)
    anterior *= 0.45 * soft((across - 0.38) / 0.16)  # towards the sternum ribs are cartilage
    posterior += anterior
    posterior *= soft((1 - across) / 0.03) * (0.55 / np.maximum(back, 0.32))  # rays graze the cage at the sides
    total[box.place] += posterior


def _rings(grid: Grid, fall: Map, spacing: float, shift: Map, half: float, last: float) -> Map:
    """Return tubes along the lines y = fall + (number + shift)·spacing, up to the number `last`."""
    number = (grid.y + 0.14 * np.sin(0.9 * grid.y + 3 * last)) / spacing - shift  # no two gaps are equal
    number = number - fall / spacing
    off = number - np.rint(number)
    off *= spacing / half
    off /= length_of(fall, grid.step)
    ring = 1.35 * chord(off)
    ring -= 0.77 * chord(off / 0.74)  # the light core
    ring *= 1 - 0.15 * off  # the upper edge is rounder and denser than the groove below
    ring *= soft(np.minimum(3 * number + 0.9, last - number))
    return ring


def _add_spine(total: Map, anatomy: Anatomy, posture: Posture, grid: Grid, thorax: Thorax) -> None:
    """Add vertebral bodies with end plates, discs, pedicles and spinous processes."""
    box = grid.part((-4, 4), (-99, 99))
    off = box.x - thorax.spine
    away = np.abs(off)
    place = box.y / anatomy.vertebra + 0.3
    share = place - np.rint(place)  # 0 in the middle of a vertebra, ±0.5 in the middle of a disc
    edge = np.abs(share)
    disc = soft((edge - 0.36) / 0.06)
    plate = np.exp(-(((edge - 0.36) / 0.035) ** 2))
    half = 1.45 + 0.018 * box.y + 0.72 * share * share
    rim = np.exp(-(((away - half + 0.18) / 0.14) ** 2))
    body = soft((half + 0.1 - away) / 0.6) * (0.36 - 0.26 * disc + 0.14 * plate + 0.16 * rim * (1 - disc))
    pedicle = shell(np.hypot((away - 0.95) / 0.32, (share + 0.1) * anatomy.vertebra / 0.5), 0.6)
    process = chord((off + 0.4 * posture.turn) / 0.22, (share - 0.22) * anatomy.vertebra / 0.7)
    total[box.place] += body + 0.4 * pedicle + 0.3 * process


def _add_clavicles(total: Map, anatomy: Anatomy, posture: Posture, grid: Grid) -> None:
    """Add S-shaped tubes from the sternum to the shoulder, thickest at the inner end."""
    box = grid.part((-99, 99), (-5, 6))
    away = np.abs(box.x - 0.6 * posture.turn)
    reach = anatomy.shoulder - 0.5
    share = np.clip((away - 1.6) / (reach - 1.6), 0, 1)
    course = 3.4 - anatomy.clavicle * share - 0.55 * np.sin(2 * np.pi * share) * (1 - 0.35 * share)
    radius = 0.52 + 0.25 * np.exp(-((share / 0.1) ** 2)) + 0.12 * np.exp(-(((share - 1) / 0.15) ** 2))
    off = (box.y - course) / (length_of(course, grid.step) * radius)
    ends = soft((away - 1.7) / 0.7) * soft((reach + 0.6 - away) / 0.8)
    total[box.place] += (shell(off, 0.6) + 0.35 * chord(off)) * ends


def _add_blades(total: Map, anatomy: Anatomy, grid: Grid) -> None:
    """Add shoulder blades: a thin plate with a thick outer border, a ridge and a socket."""
    inner, joint = anatomy.scapula, anatomy.shoulder
    tip = (inner + 1.6, 14.2)
    outer = [(joint - 2.0, 6.2), (joint - 1.9, 2.2)]
    plate = [(inner + 0.6, 1.6), (inner, 6), (inner + 0.6, 11), tip, (inner + 2.6, 13), *outer, (inner + 3, 0.9)]
    border = [tip, (inner + 2.6, 12.6), *outer]
    ridge = [(inner + 0.4, 3.8), (inner + 3, 2.2), (joint - 0.5, 0.4), (joint + 1, 0.9)]
    box = grid.part((-99, 99), (-2, 17))
    flat = np.zeros(box.shape, dtype=np.uint8)
    thick = np.zeros_like(flat)
    for sign in (-1, 1):
        cv2.fillPoly(flat, [_pixels(box, plate, sign)], 255, cv2.LINE_AA, 4)
        lines = [_pixels(box, border, sign), _pixels(box, ridge, sign)]
        cv2.polylines(thick, lines, False, 255, max(1, round(0.55 / grid.step)), cv2.LINE_AA, 4)
    blurred = cv2.GaussianBlur(flat.astype(np.float32), (0, 0), 0.25 / grid.step)
    edges = cv2.GaussianBlur(thick.astype(np.float32), (0, 0), 0.3 / grid.step)
    total[box.place] += (0.15 * blurred + 0.24 * edges) / 255


def _pixels(grid: Grid, points: list[tuple[float, float]], sign: int) -> npt.NDArray[np.int32]:
    """Convert points from cm to OpenCV's units, sixteenths of a sample."""
    place = np.array(points) * (sign, 1) - (grid.x[0, 0], grid.y[0, 0])
    return cast(npt.NDArray[np.int32], np.rint(place * 16 / grid.step).astype(np.int32))


def _add_upper_arms(total: Map, anatomy: Anatomy, grid: Grid) -> None:
    """Add a ball of light bone at each shoulder and a tube of dense bone below it."""
    for sign in (-1, 1):
        reach = sorted((sign * (anatomy.shoulder - 3.0), sign * 99.0))
        box = grid.part((reach[0], reach[1]), (-2, 99))
        along, off = arm_frame(anatomy, box)
        ball = np.hypot(off + 0.3, along - 0.4) / 2.3
        shaft = 1.5 * shell(off / 1.2, 0.6) * soft((along - 1) / 2.5)
        total[box.place] += 0.45 * chord(ball) + 0.15 * shell(ball, 0.9) + shaft
