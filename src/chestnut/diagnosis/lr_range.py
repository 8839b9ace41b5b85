"""`RateRange`: the result of a learning-rate range test, and the rate that follows from it.

The test is Smith's (2017, arXiv:1506.01186, §3.3), with a rate that rises by equal factors instead of equal steps,
because rates are chosen by their order of magnitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chestnut.diagnosis.learning_curves import Floats

#: The standard deviation of the smoothing, as a share of the steps, and its minimum in steps.
_WIDTH, _LEAST = 0.025, 2.0
#: The share of the loss at the start by which it must fall before a rate is said to work.
_FALL = 0.05
#: The suggested rate is lower than the rate of the lowest loss by this factor.
DECADE = 10.0


@dataclass(frozen=True)
class RateRange:
    """The loss of each batch, at rates that rise by equal factors.

    Attributes:
        rates: The learning rates in rising order, shape (n,).
        losses: The cross-entropy of each batch before the step at that rate, shape (n,), finite.
        diverged: Whether the loss diverged, so that the test ended before its highest rate.
    """

    rates: Floats
    losses: Floats
    diverged: bool

    @property
    def smoothed(self) -> Floats:
        """The Gaussian mean of the losses around each step, shape (n,); unlike a running mean it does not lag."""
        steps = np.arange(len(self.losses), dtype=np.float64)
        width = max(_LEAST, _WIDTH * len(steps))
        weights = np.exp(-0.5 * ((steps[:, None] - steps) / width) ** 2)
        course: Floats = weights @ self.losses / weights.sum(axis=1)
        return course

    @property
    def lowest(self) -> float | None:
        """The rate of the lowest smoothed loss; None where the loss never fell by a twentieth."""
        course = self.smoothed
        if not len(course) or course[0] - course.min() < _FALL * course[0]:
            return None
        return float(self.rates[course.argmin()])

    @property
    def steepest(self) -> float | None:
        """The rate, before the lowest loss, at which the smoothed loss fell fastest; None where it did not fall."""
        if self.lowest is None:
            return None
        course = self.smoothed[: int(self.smoothed.argmin()) + 1]
        return float(self.rates[int(np.gradient(course).argmin())]) if len(course) > 1 else self.lowest

    @property
    def suggested(self) -> float | None:
        """The suggested rate, to one significant digit; None where the loss never fell.

        It is a tenth of the rate of the lowest loss. There, steps are about to become too long, so training needs a
        rate well below. That point hardly moves with noise, whereas the steepest fall is a difference of noisy values
        and varies from test to test.
        """
        return None if self.lowest is None else float(f"{self.lowest / DECADE:.1g}")

    @property
    def open(self) -> bool:
        """Whether the loss was still falling at the highest rate, so that a higher one may do better."""
        return self.lowest is not None and not self.diverged and self.lowest == self.rates[-1]

    @property
    def summary(self) -> str:
        """What the test says, in one or two sentences without the last full stop."""
        if self.lowest is None or self.suggested is None or self.steepest is None:
            return (
                f"At no rate from {self.rates[0]:.1g} to {self.rates[-1]:.1g} did the loss fall by a twentieth: try "
                "other rates, more batches or a network with less regularisation"
            )
        end = "; it was still falling there, so try higher rates too" if self.open else ""
        return (
            f"The loss was lowest at {self.lowest:.2g} and fell fastest at {self.steepest:.2g}{end}. A tenth of "
            f"the former is {self.suggested:g}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result for JSON.

        The keys are `suggested`, `lowest`, `steepest`, `open`, `diverged`, `told` (the summary), `rates`, `losses` and
        `smoothed`.
        """
        return {
            **{name: getattr(self, name) for name in ("suggested", "lowest", "steepest", "open", "diverged")},
            "told": self.summary,
            "rates": self.rates.tolist(),
            "losses": self.losses.tolist(),
            "smoothed": self.smoothed.tolist(),
        }


def rising_rates(low: float, high: float, steps: int) -> Floats:
    """Return rates from `low` to `high` that rise by equal factors.

    Args:
        low: The first rate, above 0.
        high: The last rate.
        steps: The number of rates, 2 or more.

    >>> rising_rates(0.001, 0.1, 3)
    array([0.001, 0.01 , 0.1  ])
    """
    return np.array([low * math.exp(math.log(high / low) * step / (steps - 1)) for step in range(steps)])
