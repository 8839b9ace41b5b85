"""Intervals of means of figures of the same images, such as those of several seeds, draws or shifts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.intervals.distributions import t_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.paired.contributions import Noise


def mean_estimate(
    figures: Sequence[Estimate],
    noise: Sequence[Noise] = (),
    within: tuple[float, float] = (0.0, 1.0),
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return the mean of figures with its interval.

    The ends are the means of the figures' ends. That is the interval of figures that are all too high or too low
    together, as those of the same patients mostly are; of others the mean is more certain. Noise that has nothing to do
    with the patients widens it (Zou and Donner 2008, Statistics in Medicine 27:1693-1702).

    Args:
        figures: One or more figures.
        noise: The variance of the mean between trainings; see `Contributions.mean_of_repeats`.
        within: The range of the figures, which noise does not widen the interval beyond.
        confidence: The coverage, in 0..1.

    >>> str(mean_estimate([Estimate(0.9, 0.8, 1.0), Estimate(0.8, 0.7, 0.8)]))
    '0.850 (0.750–0.900)'
    """
    values = [one.value for one in figures if one.value is not None]
    if len(values) < len(figures):
        return Estimate(None)
    mean = sum(values) / len(values)
    ends = [(one.low, one.high) for one in figures if one.low is not None and one.high is not None]
    if len(ends) < len(figures):
        return Estimate(mean)
    below, above = (abs(mean - sum(end) / len(end)) for end in zip(*ends, strict=True))
    between = sum(float(t_quantile((1 + confidence) / 2, one.freedom)) ** 2 * one.variance for one in noise)
    if not between:
        return Estimate(mean, mean - below, mean + above)
    low, high = mean - math.sqrt(below**2 + between), mean + math.sqrt(above**2 + between)
    return Estimate(mean, max(low, within[0]), min(high, within[1]))


def share_of(hits: npt.NDArray[np.bool_], owners: Ints, rows: npt.NDArray[np.bool_]) -> Estimate:
    """Return the share of hits among some of the images, with its interval; undefined where there are none of them.

    Args:
        hits: Whether each image is a hit, shape (n,).
        owners: Each image's patient number, shape (n,).
        rows: The images to take, shape (n,).
    """
    return share_estimate(hits[rows], owners[rows]) if rows.any() else Estimate(None)
