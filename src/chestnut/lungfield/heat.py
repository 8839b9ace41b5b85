"""How much of a heat map, which says where a network looked, lies within the lungs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def share_inside(heat: npt.ArrayLike, lungs: npt.NDArray[np.bool_]) -> float:
    """Return the share of the heat that lies within a mask, in 0..1; NaN if there is no heat at all.

    Args:
        heat: How much each pixel counts, shape (height, width); negative values count as 0.
        lungs: Which pixels belong to the lungs, of the same shape.

    Raises:
        ValueError: The shapes differ.

    >>> share_inside([[3, 1], [-5, 0]], np.array([[True, False], [True, True]]))
    0.75
    """
    values = np.maximum(np.asarray(heat, dtype=np.float64), 0)
    if values.shape != lungs.shape:
        raise ValueError(
            f"heat of shape {values.shape} and lungs of shape {lungs.shape}: give both for the same pixels"
        )
    total = float(values.sum())
    return float(values[lungs].sum()) / total if total else float("nan")
