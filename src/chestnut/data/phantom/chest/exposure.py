"""Turn attenuation into grey values: beam, scatter, quantum noise, logarithm, processing and window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.phantom.chest.shapes import Map


@dataclass(frozen=True)
class Exposure:
    """How one image is taken and processed.

    Attributes:
        dose: The photons per cm² of detector without attenuation.
        beam: The attenuation divided by that at 60 keV; below 1 for a harder beam.
        scatter: The ratio of scattered to primary radiation, averaged over some centimetres.
        blur: The standard deviation of the detector's blur, cm.
        level: The shift of the grey window, as a share of half its width.
        contrast: The steepness of the grey window.
        gamma: The exponent on the grey values.
        edges: The strength of edge enhancement.
        flatten: The share of large-scale differences that the processing removes.
    """

    dose: float
    beam: float
    scatter: float
    blur: float
    level: float
    contrast: float
    gamma: float
    edges: float
    flatten: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Exposure:
        """Draw an exposure at random; it does not depend on the patient."""
        return cls(
            dose=float(np.exp(rng.uniform(np.log(7e5), np.log(7e6)))),
            beam=float(rng.uniform(0.88, 1.08)),
            scatter=float(rng.uniform(0.02, 0.12)),
            blur=float(rng.uniform(0.03, 0.11)),
            level=float(rng.normal(0, 0.12)),
            contrast=float(rng.uniform(0.85, 1.25)),
            gamma=float(rng.uniform(0.8, 1.3)),
            edges=float(rng.uniform(0.0, 0.9)),
            flatten=float(rng.uniform(0.0, 0.5)),
        )


def expose(attenuation: Map, window: tuple[float, float], step: float, exposure: Exposure, noise: Map) -> Map:
    """Take an image.

    Args:
        attenuation: The line integrals of the attenuation coefficient, shape (side, side).
        window: The attenuation that becomes dark, and the attenuation that becomes bright.
        step: The distance between samples, cm.
        exposure: The technique.
        noise: Values from `noise`, shape (side, side).

    Returns:
        Grey values 0..1, bright where much is absorbed, shape (side, side).
    """
    seen = np.exp(-exposure.beam * attenuation)
    within = np.minimum(seen, 0.35)  # the open beam beside the body scatters little
    seen += exposure.scatter * _wide(within, 3.5 / step)
    seen = cv2.GaussianBlur(seen, (0, 0), max(exposure.blur / step, 0.35))
    photons = exposure.dose * step * step * seen
    seen *= 1 + noise / np.sqrt(photons + 1)  # Poisson noise at many photons
    density = -np.log(np.maximum(seen, 1e-4))
    if exposure.edges:
        width = 2 * round(0.9 / step) + 1
        density += exposure.edges * (density - cv2.blur(density, (width, width)))
    broad = _wide(density, 4.0 / step)
    density -= 0.5 * exposure.flatten * (broad - broad.mean())
    middle, half = exposure.beam * (window[0] + window[1]) / 2, exposure.beam * (window[1] - window[0]) / 2
    grey = _film((density - middle) * (exposure.contrast / half) - exposure.level)
    grey **= exposure.gamma
    return grey


def noise(rng: np.random.Generator, side: int) -> Map:
    """Return nearly normal values of mean 0 and variance 1, shape (side, side): sums of four random bytes.

    They reach at most ±3.45 and take a quarter of the time of exactly normal values.
    """
    count = side * side
    raw: npt.NDArray[np.uint64] = rng.bit_generator.random_raw(-(-count // 2))
    bytes_ = raw.view(np.uint8)[: 4 * count].reshape(4, side, side)
    total: Map = bytes_[0].astype(np.float32)
    for part in bytes_[1:]:
        total += part
    total -= 4 * 127.5
    total *= 1 / math.sqrt(4 * (256**2 - 1) / 12)
    return total


def window(attenuation: Map) -> tuple[float, float]:
    """Return the window that a reader would set: the 4th to the 97th percentile of attenuation."""
    some = np.sort(attenuation[::4, ::4], axis=None)
    return float(some[int(0.04 * some.size)]), float(some[int(0.97 * some.size)])


def _wide(values: Map, sigma: float) -> Map:
    """Blur with a wide Gaussian, computed on a coarse copy."""
    side = values.shape[0]
    coarse = 48
    small = cv2.resize(values, (coarse, coarse), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma * coarse / side, borderType=cv2.BORDER_REPLICATE)
    return cast(Map, cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR))


def _film(value: Map) -> Map:
    """Apply the sigmoid of a film's characteristic curve, scaled so that -1.25 is black and 1.25 white."""
    slope, end = 2.2, 1.25
    lowest = 1 / (1 + math.exp(slope * end))
    grey = 1 / (1 + np.exp(-slope * value))
    grey -= lowest
    grey *= 1 / (1 - 2 * lowest)
    return cast(Map, np.clip(grey, 0, 1, out=grey))
