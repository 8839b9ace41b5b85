"""Convert colour, deep or floating-point values to 8 bits of grey."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: The bits per pixel that detectors and exports use.
_DEPTHS = (8, 10, 12, 14, 16)

#: The percentiles that become black and white, chosen so that hot pixels and burnt-in marks do not count.
_LOW, _HIGH = 0.001, 0.999

#: Rec. ITU-R BT.601 weights of red, green and blue.
_LUMA = np.array([0.299, 0.587, 0.114])


def luma(colour: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the ITU-R 601 luma of RGB values, shape (height, width, 3), in the same type; integers are rounded."""
    exact = np.float32 if colour.dtype.itemsize <= 2 else np.float64
    grey = colour.astype(exact) @ _LUMA.astype(exact)
    kept: npt.NDArray[Any] = (np.rint(grey) if colour.dtype.kind in "ui" else grey).astype(colour.dtype)
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
        used = int(_percentiles(values.astype(np.uint16))[1])
        bits = next(depth for depth in _DEPTHS if used < 2**depth)
        return spread(values, 0, 2**bits - 1)
    return spread_percentiles(values)


def spread_percentiles(values: npt.NDArray[Any], valid: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.uint8]:
    """Spread the 0.1st to 99.9th percentile of the finite values over 0..255.

    Args:
        values: The pixels, of any numeric type.
        valid: A mask of the pixels that count for the percentiles, same shape; None for all.
    """
    finite = np.isfinite(values) if valid is None else np.isfinite(values) & valid
    chosen = values[finite]
    if not chosen.size:
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = np.quantile(chosen.astype(np.float32), [_LOW, _HIGH])
    return spread(np.where(np.isfinite(values), values, low), float(low), float(high))


def spread(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Map `low` to 0 and `high` to 255 linearly and clip the rest; if the two are equal, return zeros."""
    if not high > low:
        return np.zeros(values.shape, dtype=np.uint8)
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255 / (high - low))
    grey: npt.NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return grey


def _percentiles(values: npt.NDArray[np.uint16]) -> tuple[float, float]:
    """Return the low and high percentile of 16-bit values; counting is ten times faster than sorting."""
    share = np.cumsum(np.bincount(values.ravel(), minlength=65536)) / values.size
    return float(np.searchsorted(share, _LOW)), float(np.searchsorted(share, _HIGH))
