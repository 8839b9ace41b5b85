"""`Looks`: what images show, measured without a network that was trained on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from chestnut.config import InputSpec
from chestnut.data.parallel import in_order
from chestnut.data.pixels import Grey
from chestnut.evaluation.arrays import Floats
from chestnut.lungfield.find import find_lungs
from chestnut.lungfield.geometry import GEOMETRY
from chestnut.lungfield.lungs import Lungs

#: Added to the confidence in the lungs, so that none at all has a finite logarithm.
_LEAST_CONFIDENCE = 1e-3


class Seen(NamedTuple):
    """One image to be judged.

    Attributes:
        view: The whole image before grey values were standardised, uint8, shape (height, width).
        image: The image as the network sees it, uint8, shape (height, width) of its input.
        stored: The height and width of the image as it is stored, in pixels; 0 where they are not known.
    """

    view: Grey
    image: Grey
    stored: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Looks:
    """What images show.

    Attributes:
        flatness: The less contrast, the higher: minus the logarithm of the deviation of grey values, shape (n,).
        enlargement: How often the sides of an image are doubled to fill the input, 0 for one that shrinks, shape (n,).
        doubt: Minus the logarithm of the confidence in two lungs, shape (n,).
        tone: How much brighter the body is than the lungs, in deviations of the grey values; NaN without lungs; (n,).
        geometry: The figures of the lungs, NaN without lungs, shape (n, figures).
    """

    flatness: Floats
    enlargement: Floats
    doubt: Floats
    tone: Floats
    geometry: Floats

    @classmethod
    def measure(cls, images: Sequence[Seen], spec: InputSpec, threads: int | None = None) -> Self:
        """Measure images, in threads.

        Args:
            images: The images.
            spec: The input of the network.
            threads: The number of threads; None for one per core.
        """
        return cls.from_rows(in_order(lambda seen: _measure(seen, spec), images, threads))

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[float]]) -> Self:
        """Take the figures of each image, in the order of the attributes."""
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 4 + len(GEOMETRY))
        flatness, enlargement, doubt, tone = table[:, :4].T
        return cls(flatness, enlargement, doubt, tone, table[:, 4:])

    @classmethod
    def joined(cls, parts: Sequence[Looks]) -> Self:
        """Join the looks of several lists of images."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _measure(seen: Seen, spec: InputSpec) -> list[float]:
    lungs = find_lungs(seen.view)
    geometry = lungs.geometry.values() if lungs.found else [math.nan] * len(GEOMETRY)
    tone = _tone(seen.view, lungs) if lungs.found else math.nan
    flatness = -math.log1p(float(seen.image.std()))
    doubt = -math.log(max(0.0, lungs.confidence) + _LEAST_CONFIDENCE)
    return [flatness, _enlargement(seen.stored, spec), doubt, tone, *geometry]


def _enlargement(stored: tuple[int, int], spec: InputSpec) -> float:
    """Return how often the sides of an image are doubled to fill an input; of two sides, the more enlarged counts."""
    if min(stored) <= 0:
        return 0.0
    return max(0.0, math.log2(max(spec.height / stored[0], spec.width / stored[1])))


def _tone(view: Grey, lungs: Lungs) -> float:
    """Return the mean grey of the box around the lungs without them, minus that of the lungs, in deviations."""
    mask = lungs.mask
    around = np.zeros_like(mask)
    top, left, bottom, right = lungs.box
    around[top:bottom, left:right] = True
    around &= ~mask
    if not mask.any() or not around.any():
        return math.nan
    return float(view[around].mean() - view[mask].mean()) / max(1.0, float(view.std()))
