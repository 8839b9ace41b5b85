"""Put an image into a larger picture, as another way of taking or exporting it does: more around the chest, elsewhere.

The whole image stays in view, smaller; nothing of the chest is cut off.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Random = np.random.Generator


def place_inside(image: Grey, around: Grey, top: float, left: float, height: float, width: float) -> Grey:
    """Shrink an image into a rectangle of a picture of the same size.

    Args:
        image: The image, shape (height, width).
        around: The picture that surrounds it, of the same shape.
        top: The share of the picture's height above the rectangle, 0..1.
        left: The share of the picture's width to the left of it, 0..1.
        height: The height of the rectangle as a share of the picture's, above 0 and up to 1.
        width: Its width as a share of the picture's, above 0 and up to 1.

    >>> place_inside(np.full((4, 4), 9, np.uint8), np.zeros((4, 4), np.uint8), 0.5, 0.25, 0.5, 0.5).tolist()
    [[0, 0, 0, 0], [0, 0, 0, 0], [0, 9, 9, 0], [0, 9, 9, 0]]
    """
    import cv2

    rows, columns = image.shape
    tall, wide = max(1, round(height * rows)), max(1, round(width * columns))
    y, x = min(round(top * rows), rows - tall), min(round(left * columns), columns - wide)
    placed = around.copy()
    placed[y : y + tall, x : x + wide] = cv2.resize(image, (wide, tall), interpolation=cv2.INTER_AREA)
    return placed


def continue_edges(image: Grey, top: float, left: float, height: float, width: float) -> Grey:
    """Continue the edges of an image outwards from a rectangle, blurred, and fading to black like a body that ends.

    Args:
        image: The image whose edges are continued, shape (height, width).
        top: The rectangle, as for `place_inside`.
        left: As for `place_inside`.
        height: As for `place_inside`.
        width: As for `place_inside`.

    Returns:
        A picture of the same shape, to place the image in.
    """
    import cv2

    rows, columns = image.shape
    down, across = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    near_down, near_across = np.clip(down, top, top + height), np.clip(across, left, left + width)
    at_down = ((near_down - top) / height * rows - 0.5).astype(np.float32)
    at_across = ((near_across - left) / width * columns - 0.5).astype(np.float32)
    map_x, map_y = np.meshgrid(at_across, at_down)
    edges = cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(edges, (0, 0), 0.03 * min(rows, columns))
    distance = np.hypot((down - near_down)[:, None], (across - near_across)[None, :])
    faded: Grey = np.rint(soft * np.exp(-((distance / 0.25) ** 2))).astype(np.uint8)
    return faded


def draw_body(image: Grey, around: Grey, random: Random) -> Grey:
    """Draw an abdomen across the lower part of a picture, and an arm along each side.

    Args:
        image: The image whose grey values are taken, shape (height, width).
        around: The picture to draw on, of the same shape.
        random: Draws where the arms are.
    """
    tissue, bone = np.percentile(image, [60, 90])
    foot = float(np.median(image[-max(1, len(image) // 20) :]))
    belly = [(0.17, 0.6), (0.83, 0.6), (0.87, 0.8), (0.85, 1.05), (0.15, 1.05), (0.13, 0.8)]
    drawn = _paint(around, belly, foot)
    drawn = _paint(drawn, [(0.47, 0.6), (0.53, 0.6), (0.53, 1.05), (0.47, 1.05)], (foot + max(foot, bone)) / 2)
    for side in (0, 1):
        upper, lower, shoulder = random.uniform([0.08, 0.05, 0.1], [0.12, 0.1, 0.2])
        for half, grey in ((0.05, tissue), (0.017, bone)):
            ends = [(upper - half, shoulder), (upper + half, shoulder), (lower + half, 1.05), (lower - half, 1.05)]
            drawn = _paint(drawn, [(abs(side - x), y) for x, y in ends], grey)
    return drawn


def _paint(picture: Grey, polygon: list[tuple[float, float]], grey: float) -> Grey:
    """Paint a polygon of (x, y), in shares of the width and height, with soft edges."""
    import cv2

    rows, columns = picture.shape
    mask = np.zeros_like(picture)
    cv2.fillPoly(mask, [np.rint(np.array(polygon) * (columns, rows)).astype(np.int32)], 255)
    share = cv2.GaussianBlur(mask, (0, 0), 0.012 * min(rows, columns)) / 255.0
    painted: Grey = np.rint(picture + share * (grey - picture)).astype(np.uint8)
    return painted
