"""Correct the p values of several tests."""

from __future__ import annotations

from collections.abc import Sequence


def holm(probabilities: Sequence[float]) -> list[float]:
    """Adjust the p values of several tests (Holm 1979, Scand J Statist 6:65-70).

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    order = sorted(range(len(probabilities)), key=lambda at: probabilities[at])
    adjusted, highest = [0.0] * len(order), 0.0
    for step, at in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - step) * probabilities[at]))
        adjusted[at] = highest
    return adjusted
