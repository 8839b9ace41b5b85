"""`RateRange`: what a learning-rate range test measured, and the rate that follows from it.

Made by `training.lr_range`; called by `cli`. The test is Smith's (2017, arXiv:1506.01186, §3.3), with a rate that rises
by equal factors instead of equal steps, since rates are chosen by their order of magnitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chestnut.diagnosis.learning_curves import Floats

#: Standard deviation of the smoothing, as a share of the steps, and the least in steps.
_WIDTH, _LEAST = 0.025, 2.0
#: Share of the loss at the start that must go before a rate can be said to have worked.
_FALL = 0.05
#: How far below the rate of the lowest loss the suggested one lies.
DECADE = 10.0


@dataclass(frozen=True)
class RateRange:
    """The loss of each batch, at rates that rise by equal factors.

    Attributes:
        rates: Learning rates, rising, shape (n,).
        losses: Cross-entropy of the batch before the step at that rate, shape (n,), finite.
        diverged: Whether the loss ran away, so that the test ended below its highest rate.
    """

    rates: Floats
    losses: Floats
    diverged: bool

    @property
    def smoothed(self) -> Floats:
        """The losses in a moving Gaussian mean about each step, which unlike a running one does not lag; (n,)."""
        steps = np.arange(len(self.losses), dtype=np.float64)
        width = max(_LEAST, _WIDTH * len(steps))
        weights = np.exp(-0.5 * ((steps[:, None] - steps) / width) ** 2)
        course: Floats = weights @ self.losses / weights.sum(axis=1)
        return course

    @property
    def lowest(self) -> float | None:
        """The rate at which the smoothed loss was lowest; None where it never fell by a twentieth."""
        course = self.smoothed
        if not len(course) or course[0] - course.min() < _FALL * course[0]:
            return None
        return float(self.rates[course.argmin()])

    @property
    def steepest(self) -> float | None:
        """The rate, up to the lowest loss, at which the smoothed loss fell fastest; None where it did not fall."""
        if self.lowest is None:
            return None
        course = self.smoothed[: int(self.smoothed.argmin()) + 1]
        return float(self.rates[int(np.gradient(course).argmin())]) if len(course) > 1 else self.lowest

    @property
    def suggested(self) -> float | None:
        """A decade below the rate of the lowest loss, to one significant digit; None where the loss never fell.

        At the lowest loss steps are about to be too long, so that a run needs a rate well below. That point hardly
        moves with noise, whereas the steepest one is a difference of noisy values and comes out otherwise each time.
        """
        return None if self.lowest is None else float(f"{self.lowest / DECADE:.1g}")

    @property
    def open(self) -> bool:
        """Whether the loss was still falling at the highest rate, so that a higher one may do better."""
        return self.lowest is not None and not self.diverged and self.lowest == self.rates[-1]

    @property
    def told(self) -> str:
        """What the test says, in a sentence or two."""
        if self.lowest is None or self.suggested is None or self.steepest is None:
            return (
                f"At no rate from {self.rates[0]:.1g} to {self.rates[-1]:.1g} did the loss fall by a twentieth: try "
                "other rates, more batches or a network that is not held back"
            )
        end = "; it was still falling there, so try higher rates too" if self.open else ""
        return (
            f"The loss was lowest at {self.lowest:.2g} and fell fastest at {self.steepest:.2g}{end}. A decade below "
            f"the lowest is {self.suggested:g}"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: `suggested`, `lowest`, `steepest`, `open`, `diverged`, `told`, `rates`, `losses`, `smoothed`."""
        return {
            **{name: getattr(self, name) for name in ("suggested", "lowest", "steepest", "open", "diverged", "told")},
            "rates": self.rates.tolist(),
            "losses": self.losses.tolist(),
            "smoothed": self.smoothed.tolist(),
        }


def rising_rates(low: float, high: float, steps: int) -> Floats:
    """Rates from `low` to `high` by equal factors.

    >>> rising_rates(0.001, 0.1, 3)
    array([0.001, 0.01 , 0.1  ])
    """
    return np.array([low * math.exp(math.log(high / low) * step / (steps - 1)) for step in range(steps)])
