"""Convert colour, deep or floating-point values to 8 bits of grey."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

#: The bits per pixel that detectors and exports use.
_DEPTHS = (8, 10, 12, 14, 16)

#: The percentiles that become black and white, chosen so that hot pixels and burnt-in marks do not count.
_LOW, _HIGH = 0.001, 0.999

#: The values that are converted at a time, since the steps need several times the memory of the values.
_BLOCK = 1_000_000

#: Rec. ITU-R BT.601 weights of red, green and blue.
_LUMA = np.array([0.299, 0.587, 0.114])


def luma(colour: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the ITU-R 601 luma of RGB values, shape (height, width, 3), in the same type; integers are rounded."""
    exact = np.float32 if colour.dtype.itemsize <= 2 else np.float64
    weights = _LUMA.astype(exact)
    kept = np.empty(colour.shape[:2], dtype=colour.dtype)
    for rows in _blocks(colour):
        grey: npt.NDArray[Any] = np.matmul(colour[rows].astype(exact), weights)
        kept[rows] = np.rint(grey) if colour.dtype.kind in "ui" else grey
    return kept


def to_uint8(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Scale values that have no display window to 0..255.

    Whole numbers from 0 to 65,535 are divided by the depth they use: the smallest of 8, 10, 12, 14 and 16 bits that
    contains 99.9 % of them. So 12 bits stored in 16 do not look black, and an image exported with 8 and with 16 bits
    gives the same grey. Other numbers have no nominal range; their 0.1st to 99.9th percentile is spread.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(values.dtype, np.integer) and values.min() >= 0 and values.max() <= 65535:
        used = _high_percentile(values)
        bits = next(depth for depth in _DEPTHS if used < 2**depth)
        return spread(values, 0, 2**bits - 1)
    return spread_percentiles(values)


def spread_percentiles(values: npt.NDArray[Any], valid: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.uint8]:
    """Spread the 0.1st to 99.9th percentile of the finite values over 0..255.

    Args:
        values: The pixels, of any numeric type.
        valid: A mask of the pixels that count for the percentiles, same shape; None for all.
    """
    finite = np.isfinite(values)
    chosen = values[finite if valid is None else finite & valid].astype(np.float32, copy=False)
    if not chosen.size:
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = np.quantile(chosen, [_LOW, _HIGH], overwrite_input=True)
    return spread(values if finite.all() else np.where(finite, values, low), float(low), float(high))


def spread(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Map `low` to 0 and `high` to 255 linearly and clip the rest; if the two are equal, return zeros."""
    grey = np.zeros(values.shape, dtype=np.uint8)
    if not high > low:
        return grey
    for rows in _blocks(values):
        scaled = values[rows].astype(np.float32)
        scaled -= np.float32(low)
        scaled *= np.float32(255 / (high - low))
        grey[rows] = np.clip(np.rint(scaled, out=scaled), 0, 255, out=scaled)
    return grey


def _blocks(values: npt.NDArray[Any]) -> Iterator[slice]:
    """Yield the rows of some values at a time."""
    step = max(1, _BLOCK * len(values) // max(1, values.size))
    return (slice(start, start + step) for start in range(0, len(values), step))


def _high_percentile(values: npt.NDArray[Any]) -> int:
    """Return the high percentile of whole numbers from 0 to 65,535; counting is ten times faster than sorting."""
    counts = np.zeros(65536, dtype=np.int64)
    for rows in _blocks(values):
        counts += np.bincount(values[rows].ravel(), minlength=65536)
    return int(np.searchsorted(np.cumsum(counts) / values.size, _HIGH))
