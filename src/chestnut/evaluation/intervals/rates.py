"""Intervals of figures that follow from how often each class is decided correctly, and how frequent it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.shares import Share

#: A figure of each draw, shape (b,), from the rates and the frequencies of the classes, each of shape (classes, b).
Figure = Callable[[Floats, Floats], Floats]

# So many that the ends are steady to about one percent of the width.
_DRAWS = 10_000


@dataclass(frozen=True)
class Rates:
    """Likely values of the rates at which classes are decided correctly, and of how frequent the classes are.

    The low values of a rate are drawn from the distribution whose lower quantile is the lower end of its interval, the
    high ones from that of the upper end (confidence distributions: Xie and Singh 2013, International Statistical Review
    81:3-39). So a figure that follows from one rate alone has the ends of that rate.

    Attributes:
        low: Low values of the rates, shape (classes, draws).
        high: High values of the rates.
        shares: Likely values of the share of each class among the images.
    """

    low: Floats
    high: Floats
    shares: Floats

    @classmethod
    def draw(cls, rates: Sequence[Share], images: Floats, seed: int) -> Rates:
        """Draw likely values.

        Args:
            rates: The share of each class's images that is decided correctly.
            images: The number of images of each class and patient, shape (classes, patients).
            seed: Equal seeds give equal values.
        """
        random = np.random.default_rng(seed)
        pairs = [(rate.value * rate.size, (1 - rate.value) * rate.size) for rate in rates]
        low = [_draw_rate(random, hits, misses + 1) for hits, misses in pairs]
        high = [_draw_rate(random, hits + 1, misses) for hits, misses in pairs]
        everything = images.sum(axis=0)
        frequencies = [Share.of(row, everything) for row in images]
        drawn = np.stack([random.gamma(one.value * one.size + 0.5, 1 / one.size, _DRAWS) for one in frequencies])
        return cls(low=np.stack(low), high=np.stack(high), shares=drawn / drawn.sum(axis=0))

    def estimate(self, value: float, figure: Figure, falling: bool = False, confidence: float = CONFIDENCE) -> Estimate:
        """Return a figure with its interval.

        Args:
            value: The figure of the sample.
            figure: How it follows from the rates; it rises with every rate, and may be infinite or NaN.
            falling: Whether it falls with every rate instead.
            confidence: The coverage, in 0..1.

        Returns:
            Undefined where the figure is NaN. An infinite figure has no value and no upper end, but a lower one.
        """
        if np.isnan(value):
            return Estimate(None)
        tail = (1 - confidence) / 2
        lower, upper = (self.high, self.low) if falling else (self.low, self.high)
        low = min(_quantile(figure(lower, self.shares), tail), value)
        high = max(_quantile(figure(upper, self.shares), 1 - tail), value)
        return Estimate(value if np.isfinite(value) else None, low, high if np.isfinite(high) else None)


def lr_positive(rates: Floats, shares: Floats | None = None) -> Floats:
    """Return the positive likelihood ratio; the second class is the positive one."""
    return _divide(rates[1], 1 - rates[0])


def lr_negative(rates: Floats, shares: Floats | None = None) -> Floats:
    """Return the negative likelihood ratio; the second class is the positive one."""
    return _divide(1 - rates[1], rates[0])


def _divide(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return above / below


def _draw_rate(random: np.random.Generator, hits: float, misses: float) -> Floats:
    if hits <= 0 or misses <= 0:
        return np.full(_DRAWS, 1.0 if hits > 0 else 0.0)
    return random.beta(hits, misses, _DRAWS)


def _quantile(values: Floats, probability: float) -> float:
    """Return a quantile that is one of the values, since between two infinite ones there is no number."""
    known = values[~np.isnan(values)]
    return float(np.quantile(known, probability, method="inverted_cdf"))
