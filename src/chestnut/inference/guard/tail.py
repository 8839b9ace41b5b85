"""`Tail`: how rare a value of a figure is, on a scale that all figures share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats

#: The share of usual values beyond which the tail begins.
_SHARE = 0.1


@dataclass(frozen=True)
class Tail:
    """The upper tail of a figure's usual values, as an exponential distribution.

    Excesses over a high value are near to exponential for many distributions, which allows to say how rare a value is
    that is larger than all that were seen (Pickands 1975, Annals of Statistics 3(1):119-131).

    Attributes:
        start: The value that a tenth of the usual values exceed.
        excess: The mean by which they exceed it, above 0.
        rarity: How rare the start is: minus the decimal logarithm of the share of usual values that reach it. It is
            nearly 1, and 0 where most values are equal.
    """

    start: float
    excess: float
    rarity: float

    @classmethod
    def fit(cls, values: npt.ArrayLike, least: float) -> Self:
        """Fit the tail of usual values.

        Args:
            values: Finite values, at least one.
            least: The least excess, above 0: where all values are equal, a tiny difference must not look rare.
        """
        usual = np.asarray(values, dtype=np.float64)
        start = float(np.quantile(usual, 1 - _SHARE))
        beyond = usual[usual > start] - start
        reached = float((usual >= start).mean())
        return cls(start, max(least, float(beyond.mean()) if len(beyond) else 0.0), -math.log10(reached))

    def strangeness(self, values: npt.ArrayLike) -> Floats:
        """Return how rare values are: 1 for one that a tenth of the usual values reach, 2 for a hundredth, and so on.

        >>> Tail(start=5.0, excess=1.0, rarity=1.0).strangeness([5.0, 5.0 + math.log(10)]).tolist()
        [1.0, 2.0]
        """
        given = np.asarray(values, dtype=np.float64)
        return (given - self.start) / (self.excess * math.log(10)) + self.rarity
