"""`Spread`: a metric over the folds of a cross-validation: its mean, and how much the folds differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev, variance

from chestnut.evaluation.intervals.distributions import t_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate

# The width of the interval of a normal figure, in standard deviations.
_NORMAL = 3.92

# The largest and the smallest value of metrics that are not from 0 to 1.
_RANGES = {"mcc": (-1.0, 1.0), "brier": (0.0, 2.0)} | dict.fromkeys(
    ("loss", "lr_positive", "lr_negative"), (0.0, math.inf)
)


@dataclass(frozen=True)
class Spread:
    """A metric over the folds of all repeats.

    Attributes:
        mean: The mean over the folds in which the metric is defined; None if there are none.
        deviation: The standard deviation over these folds, with n - 1; None for fewer than two.
        folds: The number of these folds.
        low: The lower end of the 95 % interval of the mean; None for fewer than two folds, or without their intervals.
        high: The upper end.
    """

    mean: float | None
    deviation: float | None
    folds: int
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, metric: str, repeats: Sequence[Sequence[Estimate]]) -> Spread:
        """Return the spread of a metric.

        The interval is that of other patients and of other networks of the recipe. The distances from the folds'
        figures to their ends are combined as standard deviations are (Zou and Donner 2008, Statistics in Medicine
        27:1693-1702), since folds have different patients; those of repeats, which have the same patients, are
        averaged. What the folds differ beyond their intervals is due to their networks. That the networks of two folds
        share training images is not allowed for; no unbiased way is known (Bengio and Grandvalet 2004, JMLR
        5:1089-1105).

        Args:
            metric: One of `METRICS`.
            repeats: The figures of the folds of each repeat.

        >>> folds = [Estimate(0.5, 0.4, 0.6), Estimate(0.7, 0.6, 0.8)]
        >>> print(Spread.of("auroc", [folds]), Spread.of("auroc", [folds[:1]]), Spread.of("auroc", [[]]))
        0.600 ± 0.141 0.500 undefined
        """
        known = [[(one.value, one) for one in folds if one.value is not None] for folds in repeats]
        values = [value for folds in known for value, _ in folds]
        if len(values) < 2:
            return cls(values[0] if values else None, None, len(values))
        mean, deviation = fmean(values), stdev(values)
        reach = _reach([[one for _, one in folds] for folds in known if folds], len(values))
        if reach is None:
            return cls(mean, deviation, len(values))
        least, most = _RANGES.get(metric, (0.0, 1.0))
        return cls(mean, deviation, len(values), max(least, mean - reach[0]), min(most, mean + reach[1]))

    @property
    def estimate(self) -> Estimate:
        """The mean with its interval."""
        return Estimate(self.mean, self.low, self.high)

    def __str__(self) -> str:
        if self.mean is None:
            return "undefined"
        return f"{self.mean:.3f}" + (f" ± {self.deviation:.3f}" if self.deviation is not None else "")


def _reach(repeats: Sequence[Sequence[Estimate]], count: int) -> tuple[float, float] | None:
    """Return the distances from the mean to the ends of its interval; None where a fold lacks an interval."""
    below, above, left, freedom = 0.0, 0.0, 0.0, 0
    for folds in repeats:
        ends = [(one.value, one.low, one.high) for one in folds]
        known = [(v, low, high) for v, low, high in ends if v is not None and low is not None and high is not None]
        if len(known) < len(folds):
            return None
        below += math.sqrt(sum((value - low) ** 2 for value, low, _ in known)) / count
        above += math.sqrt(sum((high - value) ** 2 for value, _, high in known)) / count
        if len(known) > 1:
            explained = fmean(((high - low) / _NORMAL) ** 2 for _, low, high in known)
            left += (len(known) - 1) * (variance(value for value, _, _ in known) - explained)
            freedom += len(known) - 1
    networks = max(0.0, left / freedom) / count if freedom else 0.0
    if networks:
        networks *= float(t_quantile((1 + CONFIDENCE) / 2, freedom)) ** 2
    return math.sqrt(below**2 + networks), math.sqrt(above**2 + networks)
