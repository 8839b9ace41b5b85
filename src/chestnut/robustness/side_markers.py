"""Add side markers to images and remove them.

A network may learn the letter, its font or its position instead of the lungs (Zech 2018,
doi:10.1371/journal.pmed.1002683).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

#: The range of the height of a pasted letter and of its distance from the edges, as shares of the shorter side.
LETTER, MARGIN = (0.07, 0.1), (0.03, 0.1)

#: The width of the strips at the left and right edges that are searched, and the greatest width of a stroke, as shares
#: of a side.
STRIP, STROKE = 0.16, 0.05

#: The least brightness of a stroke above its surroundings, in grey levels, and the range of a marker's area as a share
#: of the image.
STEP, AREA = 50, (0.0003, 0.01)


def paste_marker(image: Grey, random: np.random.Generator) -> Grey:
    """Write a white L or R near a corner, with random letter, corner, position and size.

    Args:
        image: The image, shape (height, width).
        random: The random generator.
    """
    import cv2

    height, width = image.shape
    side = min(height, width)
    letter, size = "LR"[random.integers(2)], random.uniform(*LETTER) * side
    font = cv2.FONT_HERSHEY_SIMPLEX
    stroke = max(1, round(size * 0.16))
    scale = size / cv2.getTextSize(letter, font, 1, 1)[0][1]
    across, down = cv2.getTextSize(letter, font, scale, stroke)[0]
    x, y = random.uniform(*MARGIN, size=2) * side
    left = round(x if random.random() < 0.5 else width - x - across)
    foot = round(y + down if random.random() < 0.5 else height - y)
    return np.asarray(
        cv2.putText(image.copy(), letter, (left, foot), font, scale, int(random.integers(235, 256)), stroke),
        dtype=np.uint8,
    )


def remove_markers(image: Grey) -> Grey:
    """Paint over small bright objects near the left and right edges with their surroundings (Telea 2004).

    An object is what a white top-hat transform finds: thin, and brighter than its neighbourhood by `STEP`. Bones that
    reach into the strips may lose a little too.
    """
    found = _markers(image)
    if not found.any():
        return image
    import cv2

    grown = cv2.dilate(found, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.inpaint(image, grown, 3, cv2.INPAINT_TELEA), dtype=np.uint8)


def _markers(image: Grey) -> Grey:
    """Return an image that is 255 where there is a marker, and 0 elsewhere."""
    import cv2

    reach = max(3, round(STROKE * min(image.shape)) | 1)
    top = cv2.morphologyEx(image, cv2.MORPH_TOPHAT, np.ones((reach, reach), np.uint8))
    strip = round(STRIP * image.shape[1])
    top[:, strip:-strip] = 0
    bright = (top >= STEP).astype(np.uint8)
    count, parts, facts, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
    least, most = AREA[0] * image.size, AREA[1] * image.size
    kept = [part for part in range(1, count) if least <= facts[part, cv2.CC_STAT_AREA] <= most]
    return np.where(np.isin(parts, kept), 255, 0).astype(np.uint8)
