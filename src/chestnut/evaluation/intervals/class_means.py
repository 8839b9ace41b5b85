"""The interval of a mean over classes, from the intervals of the classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.influence import Influence, correlate


@dataclass(frozen=True)
class Part:
    """The figure of one class.

    Attributes:
        estimate: The figure with its interval.
        influence: What each patient contributes to it; None where the figure is undefined.
    """

    estimate: Estimate
    influence: Influence | None = None


def mean_estimate(parts: Sequence[Part]) -> Estimate:
    """Return the plain mean of figures with its interval.

    The distances from the figures to their ends are combined as standard deviations are, with the correlations of the
    figures (Zou and Donner 2008, Statistics in Medicine 27:1693-1702: MOVER). So ends that are not symmetric, or that
    belong to a figure that does not vary in the sample, keep their meaning.

    Args:
        parts: The figures, one or more.

    Returns:
        The mean; undefined where a figure is. Where a figure is infinite, the lower end is the mean of the lower ends.
    """
    estimates = [part.estimate for part in parts]
    low = [one.low for one in estimates if one.low is not None]
    if len(low) < len(parts):
        values = [one.value for one in estimates if one.value is not None]
        return Estimate(float(np.mean(values)) if len(values) == len(parts) else None)
    values = [one.value for one in estimates if one.value is not None]
    if len(values) < len(parts):  # one of them is infinite
        return Estimate(None, float(np.mean(low)))
    mean = float(np.mean(values))
    related = _correlations([part.influence for part in parts if part.influence is not None])
    below = _combine(np.subtract(values, low), related)
    high = [one.high for one in estimates if one.high is not None]
    if len(high) < len(parts):
        return Estimate(mean, mean - below)
    return Estimate(mean, mean - below, mean + _combine(np.subtract(high, values), related))


def _correlations(influences: Sequence[Influence]) -> Floats:
    related = np.eye(len(influences))
    for row, first in enumerate(influences):
        for column, second in enumerate(influences[:row]):
            related[row, column] = related[column, row] = correlate(first, second)
    return related


def _combine(distances: Floats, related: Floats) -> float:
    return math.sqrt(max(float(distances @ related @ distances), 0.0)) / len(distances)
