"""Change an image and its lungs at random, so that the network meets every framing and every look of a chest image."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.lungfield.model import FIELD, SIDE

Grey = npt.NDArray[np.uint8]
Real = npt.NDArray[np.float32]

#: The side at which an image is bent and framed, before it is averaged down to the network's input.
_DRAWN = 2 * SIDE


def frame(image: Grey, lungs: Grey, rng: np.random.Generator, mild: bool = False) -> tuple[Real, Real]:
    """Frame a chest at random: mirrored, turned, wider or narrower, off-centre, with borders of any grey.

    Args:
        image: Grey values, shape (height, width).
        lungs: The labels 1 and 2 of the two lungs, of the same shape.
        rng: The source of chance.
        mild: Whether to stay near the framing that the image has.

    Returns:
        The image, float32, (SIDE, SIDE), and the share of each lung in each pixel of the field, (FIELD, FIELD, 2).
    """
    sides = [(lungs == 1).astype(np.uint8) * 255, (lungs == 2).astype(np.uint8) * 255]
    if rng.random() < 0.5:
        image, sides = image[:, ::-1], [sides[1][:, ::-1], sides[0][:, ::-1]]
    matrix = _placement(image.shape, np.maximum(*sides), rng, mild)
    across, down = _coordinates(matrix, rng, 0.15 if mild else 0.4)
    border = cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT
    fill = float(rng.choice([0.0, 0.0, 255.0, rng.uniform(0, 255)]))
    grey = cv2.remap(np.ascontiguousarray(image), across, down, cv2.INTER_LINEAR, borderMode=border, borderValue=fill)
    grey = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    field = [cv2.remap(np.ascontiguousarray(side), across, down, cv2.INTER_LINEAR) for side in sides]
    small = [cv2.resize(side, (FIELD, FIELD), interpolation=cv2.INTER_AREA) for side in field]
    return grey.astype(np.float32), (np.stack(small, -1) / np.float32(255)).astype(np.float32)


def _placement(shape: tuple[int, ...], mask: Grey, rng: np.random.Generator, mild: bool) -> Real:
    """Return the affine map from the drawn picture to the source, which puts the lungs somewhere into the picture."""
    height, width = shape[:2]
    left, top, wide, high = cv2.boundingRect(mask)
    centre = np.array([left + wide / 2, top + high / 2]) if wide else np.array([width / 2, height / 2])
    far = not mild and rng.random() < 0.3
    zoom = np.exp(rng.uniform(np.log(0.45), np.log(0.85)) if far else rng.normal(0.02, 0.07 if mild else 0.14))
    aspect = np.exp(rng.normal(0, 0.06 if mild else 0.14))
    angle = np.radians(rng.uniform(-20, 20) if not mild and rng.random() < 0.25 else rng.normal(0, 3))
    shear = rng.normal(0, 0.01 if mild else 0.05)
    scale = np.array([zoom * aspect**0.5, zoom / aspect**0.5]) * _DRAWN / np.array([width, height])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array([[1, shear], [0, 1]])
    forward = turn @ np.diag(scale)
    # where the lungs' centre comes to lie: near its old place, or anywhere that the lungs still fit
    old = centre / (width, height)
    room = np.maximum(0.5 - 0.5 * np.array([wide, high]) * scale / _DRAWN, 0)
    spread = room if far else np.minimum(room, 0.03 if mild else 0.12)
    place = (np.array([0.5, 0.5]) if far else old) + rng.uniform(-1, 1, 2) * (spread + 0.01)
    back = np.linalg.inv(forward)
    return cast(Real, np.hstack([back, (centre - back @ (place * _DRAWN))[:, None]]).astype(np.float32))


def _coordinates(matrix: Real, rng: np.random.Generator, often: float) -> tuple[Real, Real]:
    x, y = np.meshgrid(np.arange(_DRAWN, dtype=np.float32), np.arange(_DRAWN, dtype=np.float32))
    if rng.random() < often:
        bend = rng.normal(0, rng.uniform(1, 4.5), (2, 5, 5)).astype(np.float32)
        x = x + cv2.resize(bend[0], (_DRAWN, _DRAWN), interpolation=cv2.INTER_CUBIC)
        y = y + cv2.resize(bend[1], (_DRAWN, _DRAWN), interpolation=cv2.INTER_CUBIC)
    across = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    down = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    return across, down


def recolour(image: Real, field: Real | None, rng: np.random.Generator, mild: bool = False) -> Real:
    """Change the grey values at random: exposure, disease, things in the way, shutters, blur, noise, inversion.

    Args:
        image: Grey values 0..255, (SIDE, SIDE).
        field: The lungs in it, (FIELD, FIELD, 2), which some images get whitened; None for an image without lungs.
        rng: The source of chance.
        mild: Whether to change the exposure a little, and nothing else.

    Returns:
        Grey values 0..255, float32, (SIDE, SIDE).
    """
    x = image / np.float32(255)
    if mild:
        x = x ** np.float32(np.exp(rng.normal(0, 0.2)))
        return cast(Real, (x * np.float32(rng.uniform(0.85, 1) * 255)).astype(np.float32))
    if field is not None and rng.random() < 0.2:
        x = _whiten(x, field, rng)
    x = np.clip(x, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.4)))
    if rng.random() < 0.3:
        shade = rng.normal(0, 0.35, (3, 3)).astype(np.float32)
        x = x * np.exp(cv2.resize(shade, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
    if rng.random() < 0.12:
        x = _equalise(x, rng)
    x = (x - 0.5) * np.float32(np.exp(rng.normal(-0.1, 0.35))) + np.float32(0.5 + rng.normal(0, 0.12))
    if rng.random() < 0.3:
        x = draw_things(x, rng)
    if rng.random() < 0.12:
        x = _shut(x, field, rng)
    if rng.random() < 0.25:
        x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.4, 1.6)))
    if rng.random() < 0.35:
        x = x + rng.normal(0, rng.uniform(0.01, 0.09), x.shape).astype(np.float32)
    if rng.random() < 0.15:
        x = 1 - x
    return cast(Real, np.clip(x * 255, 0, 255).astype(np.float32))


def _whiten(x: Real, field: Real, rng: np.random.Generator) -> Real:
    """Fill a part of one or both lungs, as pneumonia or fluid does."""
    lungs = cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    cloud = cv2.resize(rng.random((5, 5), dtype=np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    part = np.clip((cloud - rng.uniform(-0.3, 0.7)) * 4, 0, 1) * (
        lungs @ rng.choice([0, 0.6, 1.0], 2).astype(np.float32)
    )
    part = cv2.GaussianBlur(part.astype(np.float32), (0, 0), float(rng.uniform(0.5, 3)))
    level = np.float32(np.percentile(x, rng.uniform(60, 95)))
    return cast(Real, x + part * np.float32(rng.uniform(0.4, 1)) * np.maximum(level - x, 0))


def _equalise(x: Real, rng: np.random.Generator) -> Real:
    grey = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    rule = cv2.createCLAHE(float(rng.uniform(1, 4)), (8, 8)) if rng.random() < 0.6 else None
    return cast(Real, (rule.apply(grey) if rule else cv2.equalizeHist(grey)).astype(np.float32) / np.float32(255))


def draw_things(x: Real, rng: np.random.Generator) -> Real:
    """Draw letters, cables and plates over an image."""
    canvas = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        grey = float(rng.choice([0.0, 255.0, 255.0, rng.uniform(0, 255)]))
        start = tuple(int(v) for v in rng.integers(0, SIDE, 2))
        end = tuple(int(v) for v in rng.integers(0, SIDE, 2))
        kind = rng.random()
        if kind < 0.45:
            text = "".join(rng.choice(list("RLAPED1234 "), int(rng.integers(1, 7))))
            cv2.putText(
                canvas, text, start, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.2, 0.7)), grey, 1, cv2.LINE_AA
            )
        elif kind < 0.8:
            cv2.line(canvas, start, end, grey, int(rng.integers(1, 3)), cv2.LINE_AA)
        elif kind < 0.9:
            cv2.circle(canvas, start, int(rng.integers(2, 8)), grey, int(rng.choice([-1, 1])), cv2.LINE_AA)
        else:
            size = rng.integers(4, 22, 2)
            cv2.rectangle(canvas, start, (start[0] + int(size[0]), start[1] + int(size[1])), grey, -1)
    return canvas.astype(np.float32) / np.float32(255)


def _shut(x: Real, field: Real | None, rng: np.random.Generator) -> Real:
    """Black out or white out what lies outside a rectangle around the lungs."""
    left, top, right, bottom = 12, 12, SIDE - 12, SIDE - 12
    if field is not None and field.max() > 0.5:
        at, up, wide, high = cv2.boundingRect((field.max(-1) > 0.5).astype(np.uint8) * 255)
        ratio = SIDE // FIELD
        left, top, right, bottom = at * ratio, up * ratio, (at + wide) * ratio, (up + high) * ratio
    loose = rng.integers(-2, 14, 4)
    inside = np.zeros(x.shape, dtype=np.bool_)
    inside[max(top - loose[0], 0) : bottom + loose[1], max(left - loose[2], 0) : right + loose[3]] = True
    return np.where(inside, x, np.float32(rng.choice([0.0, 0.0, 1.0])))
