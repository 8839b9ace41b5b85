"""Judge whether what the network found are two plausible lungs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: The least confidence and presence.
_CONFIDENCE, _PRESENCE = 0.4, 0.5
#: The least share of the image that each lung covers, and of the larger lung's area that the smaller one has.
_AREA, _RATIO = 0.004, 0.2
#: The most that the lungs may overlap from left to right, as a share of the narrower one's width.
_OVERLAP = 0.6
#: The least height that both lungs share, as a share of the shorter one's height.
_BESIDE = 0.3


def doubt(fields: npt.NDArray[np.float32], presence: float, confidence: float) -> str:
    """Say as a clause why these are no two plausible lungs; return an empty text if they are.

    Args:
        fields: The probabilities of the lung at the left of the picture and the lung at its right, (2, rows, columns),
            each with at most one part.
        presence: The probability of a frontal image with two lungs, 0..1.
        confidence: The presence times the certainty of the outlines, 0..1.
    """
    masks = fields > 0.5
    areas = masks.mean((1, 2))
    seen = int((areas >= _AREA).sum())
    if seen == 0:
        return "no lungs"
    if seen == 1:
        return "one lung only"
    if areas.min() < _RATIO * areas.max():
        return "one lung much smaller than the other"
    if _misplaced(masks):
        return "lungs not side by side"
    if presence < _PRESENCE:
        return "not like a frontal chest image"
    return "" if confidence >= _CONFIDENCE else "uncertain outlines"


def _misplaced(masks: npt.NDArray[np.bool_]) -> bool:
    """Tell whether the lungs do not lie beside each other, the first one left of the second."""
    (first, second), (upper, lower) = ([_ends(mask.any(axis)) for mask in masks] for axis in (0, 1))
    overlap = first[1] - second[0]
    narrow = min(first[1] - first[0], second[1] - second[0])
    beside = min(upper[1], lower[1]) - max(upper[0], lower[0])
    short = min(upper[1] - upper[0], lower[1] - lower[0])
    return overlap > _OVERLAP * narrow or beside < _BESIDE * short


def _ends(line: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first true position and the one behind the last."""
    at = np.flatnonzero(line)
    return int(at[0]), int(at[-1]) + 1
