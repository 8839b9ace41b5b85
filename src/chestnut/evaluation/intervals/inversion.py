"""The p value that belongs to an interval."""

from __future__ import annotations

import math
from collections.abc import Callable

from chestnut.evaluation.intervals.bisection import find_edge

_LEAST_P, _MOST_P = 1e-12, 0.999


def invert_interval(interval: Callable[[float], tuple[float, float]], none: float, precision: float = 1e-9) -> float:
    """Return one less the greatest coverage at which an interval leaves out a value.

    Args:
        interval: Returns the ends of the interval of a coverage, which are wider for a greater one.
        none: The value of no effect.
        precision: How exact the logarithm of the p value is to be.

    >>> from statistics import NormalDist
    >>> z = lambda coverage: NormalDist().inv_cdf((1 + coverage) / 2)
    >>> round(invert_interval(lambda coverage: (2 - z(coverage), 2 + z(coverage)), 0), 6)
    0.0455
    """

    def leaves_out(p: float) -> bool:
        low, high = interval(1 - p)
        return not low <= none <= high

    if not leaves_out(_MOST_P):
        return 1.0
    if leaves_out(_LEAST_P):
        return _LEAST_P
    edges = math.log(_LEAST_P), math.log(_MOST_P)
    return math.exp(find_edge(lambda logarithm: not leaves_out(math.exp(logarithm)), *edges, precision)[1])
