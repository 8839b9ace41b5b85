"""Measure how strong the fine detail of an image is, and give an image the strength of another's.

The strength at each fineness shows how sharp and how noisy an image is, and how its scanner processed it. The cosine
transform is taken rather than Fourier's, since it continues an image by its mirror image: with Fourier's, an image that
is brighter at one edge than at the opposite one would seem to have a sharp line there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.robustness.scanner_styles import Grey

Floats = npt.NDArray[np.float32]

#: Waves count as fine from this many to a side of the image. Half as many and fewer are left as they are; in between,
#: the change sets in gradually.
FINE = 16.0

#: Rings of fineness for each doubling of the number of waves.
_STEPS = 3

#: The most by which a ring is strengthened or weakened, so that an image without detail does not turn into noise.
_MOST = 4.0


@dataclass(frozen=True, eq=False)
class _Rings:
    """The rings of fineness of the cosine transform of an image.

    Attributes:
        ring: The ring of each coefficient from 1, and 0 for coarse ones, shape (height × width,).
        sizes: The number of coefficients in each ring, shape (rings + 1,).
        lower: The ring whose middle is coarser than a coefficient, or as coarse, shape (height, width).
        above: How far the coefficient is on the way to the next ring, in 0..1, shape (height, width).
    """

    ring: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    lower: npt.NDArray[np.int64]
    above: Floats

    @classmethod
    @lru_cache(maxsize=4)
    def of(cls, height: int, width: int) -> Self:
        # A coefficient's number counts half waves
        waves = np.hypot(*np.meshgrid(np.arange(height) / 2, np.arange(width) / 2, indexing="ij"))
        place = _STEPS * np.log2(np.maximum(waves, FINE / 2) / FINE)  # 0 where waves begin to be fine
        last = max(1, int(_STEPS * np.log2(max(min(height, width) / 2 / FINE, 1))))
        ring = np.where(waves < FINE, 0, np.minimum(np.floor(place).astype(np.int64) + 1, last)).ravel()
        middle = np.clip(place + 0.5, 0, last)  # ring 1 has its middle at place 0.5; 0 stands for unchanged
        ramp = np.where(place < 0.5, np.clip((place + _STEPS) / (_STEPS + 0.5), 0, 1), middle)
        lower = np.minimum(np.floor(ramp).astype(np.int64), last - 1)
        return cls(ring, np.bincount(ring, minlength=last + 1), lower, (ramp - lower).astype(np.float32))


def fine_amplitudes(image: Grey) -> Floats:
    """Measure the strength of fine detail against the contrast of the whole image.

    Args:
        image: Grey values, uint8, shape (height, width).

    Returns:
        The mean absolute coefficient in each ring of fineness over the standard deviation of the image, the coarsest
        ring first; zeros for an image of one grey value.
    """
    values = image.astype(np.float32)
    deviation = float(values.std())
    rings = _Rings.of(*_even(image.shape))
    if deviation == 0:
        return np.zeros(len(rings.sizes) - 1, np.float32)
    return _strengths(_transform(values), rings) / deviation


def match_fine_detail(image: Grey, amplitudes: Floats) -> Grey:
    """Give an image fine detail of the strength that another image has; its coarse shapes and contrast stay.

    Args:
        image: Grey values, uint8, shape (height, width).
        amplitudes: What `fine_amplitudes` measured on an image of the same size.

    >>> image = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    >>> int(np.abs(match_fine_detail(image, fine_amplitudes(image)).astype(int) - image).max())
    0
    """
    import cv2

    values = image.astype(np.float32)
    deviation = float(values.std())
    if deviation == 0:
        return image
    height, width = image.shape
    rings = _Rings.of(*_even(image.shape))
    coefficients = _transform(values)
    ours = _strengths(coefficients, rings)
    change = np.divide(amplitudes * deviation, ours, out=np.ones_like(ours), where=ours > 0)
    gains = np.concatenate([[1], np.clip(change, 1 / _MOST, _MOST)]).astype(np.float32)
    coefficients *= gains[rings.lower] + rings.above * (gains[rings.lower + 1] - gains[rings.lower])
    changed: Floats = np.asarray(cv2.idct(coefficients), dtype=np.float32)[:height, :width]
    return np.asarray(np.clip(np.rint(changed), 0, 255), dtype=np.uint8)


def _strengths(coefficients: Floats, rings: _Rings) -> Floats:
    sums = np.bincount(rings.ring, np.abs(coefficients).ravel(), len(rings.sizes))
    return (sums / np.maximum(rings.sizes, 1))[1:].astype(np.float32)


def _transform(values: Floats) -> Floats:
    """Return the cosine transform; OpenCV takes even sizes, so an odd side is continued by one pixel."""
    import cv2

    height, width = values.shape
    tall, wide = _even(values.shape)
    padded = np.pad(values, ((0, tall - height), (0, wide - width)), mode="edge")
    return np.asarray(cv2.dct(padded), dtype=np.float32)


def _even(shape: tuple[int, ...]) -> tuple[int, int]:
    height, width = shape
    return height + height % 2, width + width % 2
