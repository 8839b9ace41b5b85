"""The ratio of two figures of the same patients, with its interval."""

from __future__ import annotations

import numpy as np

from chestnut.evaluation.intervals.bisection import find_edge
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import Spread

# The search for an end: the first step, and how often it is doubled.
_FIRST, _DOUBLINGS = 0.01, 12


def ratio_of(part: Contributions, whole: Contributions, confidence: float = CONFIDENCE) -> Estimate:
    """Return a ratio with its interval (Fieller 1954, JRSS B 16:175-185).

    The interval holds every ratio r for which `part` − r · `whole` may be 0. As in `difference_of`, the end next to 1
    is that of the test whether both figures are equal, where that excludes 1.

    Args:
        part: The numerator.
        whole: The denominator, of the same images.
        confidence: The coverage, in 0..1.

    Returns:
        The ratio; undefined where `whole` is not above 0, and without an interval where an end of it lies more than 40
        from the ratio, as it does where `whole` may be 0.
    """
    if not (np.isfinite(part.value) and whole.value > 0):
        return Estimate(None)
    ratio = part.value / whole.value
    low, high = (_find_end(part, whole, ratio, direction, confidence) for direction in (-1, 1))
    if low is None or high is None:
        return Estimate(float(ratio))
    tested = _find_end(part, whole, ratio, 1 if ratio < 1 else -1, confidence, seen=True)
    if tested is not None and low <= 1 <= high and (tested < 1 if ratio < 1 else tested > 1):
        low, high = (low, tested) if ratio < 1 else (tested, high)
    return Estimate(float(ratio), low, high)


def _find_end(
    part: Contributions, whole: Contributions, ratio: float, direction: int, confidence: float, *, seen: bool = False
) -> float | None:
    """Return the furthest ratio in a direction that the figures do not contradict; None where there is no such.

    With `seen`, the variance between the patients of the sample is taken to be all there is.
    """

    def holds(step: float) -> bool:
        difference = part - whole.scaled(ratio + direction * step)
        spread = Spread.of(difference)
        if spread is None:
            return True
        variance = spread.seen if seen and spread.seen.variance else spread.whole
        return abs(difference.value) <= variance.reach(confidence)

    step = _FIRST
    for _ in range(_DOUBLINGS):
        if not holds(step):
            break
        step *= 2
    else:
        return None
    return float(ratio + direction * find_edge(holds, 0.0, step)[1])
