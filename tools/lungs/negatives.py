"""Draw pictures that are no frontal chest image with two lungs, so that the network learns to refuse them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.lungfield.model import FIELD, SIDE

Grey = npt.NDArray[np.uint8]
Real = npt.NDArray[np.float32]
Chance = np.random.Generator


def noise(rng: Chance) -> Real:
    """Return noise that is as coarse as chance wants."""
    side = int(rng.choice([3, 5, 9, 17, 40, SIDE]))
    return _grow(rng.random((side, side), dtype=np.float32) * 255)


def clouds(rng: Chance) -> Real:
    """Return a sum of noise of all sizes, like stone, cloth or foliage."""
    x = np.zeros((SIDE, SIDE), dtype=np.float32)
    fall = rng.uniform(0.8, 2.0)
    for side in (2, 4, 8, 16, 32, 64):
        x += _grow(rng.normal(size=(side, side)).astype(np.float32)) / np.float32(side**fall)
    return _spread(x)


def gradient(rng: Chance) -> Real:
    """Return an even or sloping grey with a soft spot."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    slope = rng.normal(0, 1, 2)
    spot = np.exp(-((x - rng.random()) ** 2 + (y - rng.random()) ** 2) / rng.uniform(0.01, 0.4))
    return cast(Real, np.clip(rng.uniform(0, 255) + 90 * (slope[0] * x + slope[1] * y + rng.normal() * spot), 0, 255))


def text_page(rng: Chance) -> Real:
    """Return a page of print, perhaps with a picture's frame."""
    page = np.full((4 * SIDE, 4 * SIDE), rng.uniform(200, 255), dtype=np.uint8)
    size, step = float(rng.uniform(0.3, 1.2)), int(rng.integers(12, 40))
    start = int(rng.integers(5, 60))
    for row in range(start, 4 * SIDE, step):
        if rng.random() < 0.12:
            continue
        words = "".join(rng.choice(list("aeioubcdlmnrst    "), int(rng.integers(5, 60))))
        cv2.putText(
            page, words, (start, row), cv2.FONT_HERSHEY_SIMPLEX, size, float(rng.uniform(0, 90)), 1, cv2.LINE_AA
        )
    if rng.random() < 0.3:
        at = rng.integers(0, 3 * SIDE, 2)
        cv2.rectangle(page, (int(at[0]), int(at[1])), (int(at[0]) + 90, int(at[1]) + 70), 128.0, -1)
    return _turn(cv2.resize(page, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32), rng)


def limb(rng: Chance) -> Real:
    """Return bones in soft tissue: a hand, an arm or a leg."""
    x = np.full((SIDE, SIDE), rng.uniform(0, 40), dtype=np.uint8)
    soft, bone = float(rng.uniform(50, 120)), float(rng.uniform(140, 250))
    count = int(rng.choice([1, 2, 4, 5, 5]))
    root = np.array([SIDE / 2 + rng.normal(0, 8), SIDE * rng.uniform(0.7, 1.1)])
    for order in range(count):
        angle = np.radians((order - (count - 1) / 2) * rng.uniform(10, 24) + rng.normal(0, 4) - 90)
        tip = root + rng.uniform(0.55, 1.0) * SIDE * np.array([np.cos(angle), np.sin(angle)])
        wide = int(rng.integers(8, 16) if count > 2 else rng.integers(22, 50))
        ends = [tuple(int(v) for v in end) for end in (root, tip)]
        cv2.line(x, ends[0], ends[1], soft, wide, cv2.LINE_AA)
        cv2.line(x, ends[0], ends[1], bone, max(wide // int(rng.integers(2, 4)), 2), cv2.LINE_AA)
        for joint in np.linspace(0.2, 0.9, 4) if count > 2 else ():
            at = root + joint * (tip - root)
            cv2.circle(x, (int(at[0]), int(at[1])), wide // 3, soft + 20, -1, cv2.LINE_AA)
    if count > 2:
        cv2.circle(x, (int(root[0]), int(root[1])), int(rng.integers(12, 26)), (soft + bone) / 2, -1, cv2.LINE_AA)
    return _turn(_blur(x, rng.uniform(0.5, 2)), rng)


def shapes(rng: Chance) -> Real:
    """Return overlapping shapes of any grey, like a drawing or a room."""
    x = np.full((SIDE, SIDE), rng.uniform(0, 255), dtype=np.uint8)
    for _ in range(int(rng.integers(2, 14))):
        grey = float(rng.uniform(0, 255))
        at = (int(rng.integers(0, SIDE)), int(rng.integers(0, SIDE)))
        size = (int(rng.integers(4, 45)), int(rng.integers(4, 45)))
        if rng.random() < 0.5:
            cv2.ellipse(x, at, size, float(rng.uniform(0, 180)), 0, 360, grey, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(x, at, (at[0] + size[0], at[1] + size[1]), grey, -1)
    return _blur(x, rng.uniform(0.3, 3)) + _grow(rng.normal(0, 8, (48, 48)).astype(np.float32))


def lateral(rng: Chance) -> Real:
    """Return a chest from the side: one dark field between spine and breastbone, above a dome."""
    x = np.full((SIDE, SIDE), rng.uniform(0, 30), dtype=np.uint8)
    centre, soft = (int(SIDE / 2 + rng.normal(0, 5)), int(SIDE * 0.55)), float(rng.uniform(150, 210))
    cv2.ellipse(x, centre, (int(rng.integers(30, 46)), 70), 0, 0, 360, soft, -1, cv2.LINE_AA)
    field = (int(rng.integers(18, 30)), int(rng.integers(28, 42)))
    cv2.ellipse(x, (centre[0] - 2, centre[1] - 6), field, float(rng.normal(8, 6)), 0, 360, soft * 0.45, -1, cv2.LINE_AA)
    cv2.ellipse(x, (centre[0] - 10, centre[1] + 8), (13, 17), 20.0, 0, 360, soft * 0.8, -1, cv2.LINE_AA)
    base = (centre[0], centre[1] + int(rng.integers(30, 44)))
    cv2.ellipse(x, base, (40, int(rng.integers(16, 28))), float(rng.normal(0, 8)), 0, 360, soft * 1.1, -1, cv2.LINE_AA)
    for row in range(4, SIDE, 9):
        bent = int(centre[0] + 24 + 7 * np.sin(row / 30))
        cv2.rectangle(x, (bent, row), (bent + 9, row + 6), min(soft * 1.25, 255.0), -1)
    if rng.random() < 0.5:
        x = np.ascontiguousarray(x[:, ::-1])
    return _blur(x, rng.uniform(1, 2.5))


#: The pictures that need nothing but chance.
DRAWN: tuple[Callable[[Chance], Real], ...] = (noise, clouds, gradient, text_page, limb, shapes, lateral)


def spoil(image: Real, field: Real, rng: Chance) -> tuple[Real, Real]:
    """Spoil a chest image, so that it no longer shows two lungs in a frontal view.

    Args:
        image: Grey values, (SIDE, SIDE).
        field: The lungs in it, (FIELD, FIELD, 2).
        rng: The source of chance.

    Returns:
        The spoilt image and the lungs that are left in it.
    """
    kind = rng.random()
    empty = np.zeros_like(field)
    if kind < 0.3:
        return _halve(image, field, rng)
    if kind < 0.5:  # a detail
        side = int(rng.integers(14, 34))
        row, column = rng.integers(0, SIDE - side, 2)
        return _grow(image[row : row + side, column : column + side]), empty
    if kind < 0.7:  # tiles in a wrong order
        count = int(rng.choice([3, 4, 6, 8]))
        tiles = (
            image.reshape(count, SIDE // count, count, SIDE // count)
            .swapaxes(1, 2)
            .reshape(-1, SIDE // count, SIDE // count)
        )
        mixed = tiles[rng.permutation(len(tiles))].reshape(count, count, SIDE // count, SIDE // count)
        return np.ascontiguousarray(mixed.swapaxes(1, 2).reshape(SIDE, SIDE)), empty
    if kind < 0.85:  # on its side or its head
        return np.ascontiguousarray(np.rot90(image, int(rng.integers(1, 4)))), empty
    box = np.array(image)  # covered
    top, left = rng.integers(0, 14, 2)
    box[top : SIDE - int(rng.integers(0, 14)), left : SIDE - int(rng.integers(0, 14))] = rng.uniform(0, 255)
    return box, empty


def _halve(image: Real, field: Real, rng: Chance) -> tuple[Real, Real]:
    """Keep the half of an image with one lung, stretched over the whole picture."""
    lungs = field.max(-1) > 0.5
    columns = np.flatnonzero((field[..., 0] < field[..., 1]).any(0) & lungs.any(0))
    middle = int(columns[0]) if len(columns) else FIELD // 2
    middle = int(np.clip(middle, FIELD // 4, 3 * FIELD // 4))
    ratio = SIDE // FIELD
    if rng.random() < 0.5:
        part, kept = image[:, : middle * ratio], field[:, :middle] * np.array([1, 0], dtype=np.float32)
    else:
        part, kept = image[:, middle * ratio :], field[:, middle:] * np.array([0, 1], dtype=np.float32)
    kept = cv2.resize(np.ascontiguousarray(kept), (FIELD, FIELD), interpolation=cv2.INTER_AREA)
    return _grow(part), kept


def _blur(x: Grey, sigma: float) -> Real:
    return cast(Real, cv2.GaussianBlur(x.astype(np.float32), (0, 0), float(sigma)))


def _grow(x: Real) -> Real:
    return cast(Real, cv2.resize(np.ascontiguousarray(x), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR))


def _spread(x: Real) -> Real:
    return cast(Real, (x - x.min()) * np.float32(255 / max(float(np.ptp(x)), 1e-6)))


def _turn(x: Real, rng: Chance) -> Real:
    return np.ascontiguousarray(np.rot90(x, int(rng.integers(4))))
