"""Measure how often the bands of curves, and the bars of reliability diagrams, hold the true curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks.coverage.cohorts import Cell, Sample, draw, image_shares
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.curves import precision_recall, reliability, roc

#: The positions along the axis at which bands are looked at.
POSITIONS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)

# The position, the ends of the band or bar there, and the true value.
_Place = tuple[float, float, float, float]


@dataclass(frozen=True)
class Band:
    """How often bands hold the true curve.

    Attributes:
        mean: The share over all positions.
        least: The share at the position where it is lowest.
        at: That position.
        width: The median width.
        flat: The share of the places without width.
        repetitions: The number of samples.
    """

    mean: float
    least: float
    at: float
    width: float
    flat: float
    repetitions: int

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes, rounded, for JSON."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in vars(self).items()}


def measure_bands(cell: Cell, repetitions: int, seed: int = 0) -> dict[str, Band]:
    """Measure the bands and bars of a plain population of two classes.

    Args:
        cell: The population and the number of patients.
        repetitions: The number of samples.
        seed: Equal seeds give equal samples.
    """
    found = {}
    for name, places_of in CURVES.items():
        random = np.random.default_rng([seed, cell.seed])
        places = [place for _ in range(repetitions) for place in places_of(cell, draw(cell, random))]
        at, low, high, truth = (np.array(column) for column in zip(*places, strict=True))
        held = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
        shares = {float(position): float(held[at == position].mean()) for position in np.unique(at)}
        worst = min(shares, key=shares.__getitem__)
        width, flat = float(np.median(high - low)), float((high == low).mean())
        found[name] = Band(float(held.mean()), shares[worst], worst, width, flat, repetitions)
    return found


def _roc(cell: Cell, sample: Sample) -> list[_Place]:
    curve = roc(sample.truth, sample.probabilities[:, 1], sample.patients)
    true = ndtr(_distance(cell) + ndtri(np.array(POSITIONS)))
    return _places(curve.grid, curve.low, curve.high, true)


def _precision_recall(cell: Cell, sample: Sample) -> list[_Place]:
    curve = precision_recall(sample.truth, sample.probabilities[:, 1], sample.patients)
    positive = float(image_shares(cell)[1])
    recall = np.array(POSITIONS)
    wrong = ndtr(ndtri(recall) - _distance(cell))
    return _places(curve.grid, curve.low, curve.high, positive * recall / (positive * recall + (1 - positive) * wrong))


def _reliability(cell: Cell, sample: Sample) -> list[_Place]:
    """Return every bar; as the network is calibrated, its true height is the mean probability of the bin."""
    curve = reliability(sample.truth, sample.probabilities[:, 1], sample.patients)
    return [(0.0, low, high, truth) for low, high, truth in zip(curve.low, curve.high, curve.predicted, strict=True)]


def _places(grid: tuple[float, ...], low: tuple[float, ...], high: tuple[float, ...], true: Floats) -> list[_Place]:
    if not grid:
        return []
    ends = (np.interp(POSITIONS, grid, one) for one in (low, high))
    return [tuple(map(float, place)) for place in zip(POSITIONS, *ends, true, strict=True)]  # type: ignore[misc]


def _distance(cell: Cell) -> float:
    return float(np.sqrt(2) * ndtri(cell.auroc))


#: The curves by what they are called in tables.
CURVES: dict[str, Callable[[Cell, Sample], list[_Place]]] = {
    "ROC curve": _roc,
    "precision-recall curve": _precision_recall,
    "reliability diagram": _reliability,
}
