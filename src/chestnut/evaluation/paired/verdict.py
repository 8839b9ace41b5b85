"""`Verdict`: what the difference of two networks in a metric means, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate, format_figure, format_p
from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.paired.difference import Difference

_LEVEL = 1 - CONFIDENCE


@dataclass(frozen=True)
class Verdict:
    """Two networks compared by a metric on the same images.

    Attributes:
        metric: The metric, one of `METRICS`.
        first: The figure of the first network, with its interval.
        second: The figure of the second network.
        difference: How far the first is ahead; above 0 it is better, also by a loss.
        margin: How far the first may be behind and still count as not inferior; None where that is not asked.
    """

    metric: str
    first: Estimate
    second: Estimate
    difference: Difference
    margin: float | None = None

    @property
    def distinguishable(self) -> bool:
        """Whether the p value is below 0.05."""
        return self.difference.p is not None and self.difference.p < _LEVEL

    @property
    def not_inferior(self) -> bool | None:
        """Whether the interval lies above −margin: a one-sided test at 0.025. None without a margin or an interval."""
        if self.margin is None or self.difference.low is None:
            return None
        return self.difference.low > -self.margin

    def describe(self, first: str, second: str) -> str:
        """Return one or two sentences with the names of the networks.

        >>> figures = Estimate(0.95, 0.93, 0.97), Estimate(0.93, 0.9, 0.95)
        >>> Verdict("auroc", *figures, Difference(0.02, 0.004, 0.036, 0.014), 0.02).describe("a", "b")
        'a is ahead of b: AUROC better by 0.020 (0.004–0.036), p = 0.014. a is not inferior by 0.020 or more.'
        """
        words, found = in_words(self.metric), self.difference
        if found.value is None:
            return f"{first} and {second} cannot be compared by {words}, which is undefined for one of them."
        if found.p is None:
            return (
                f"{first} and {second} differ in {words} by {format_figure(found.value)}, with no interval: it is "
                "undefined as soon as one patient is left out."
            )
        if self.distinguishable:
            ahead = (first, second, found.estimate) if found.value > 0 else (second, first, _turn(found))
            said = f"{ahead[0]} is ahead of {ahead[1]}: {words} better by {ahead[2]}, p {format_p(found.p)}."
        else:
            said = f"{first} and {second} are not distinguishable by {words}: {found.estimate}, p {format_p(found.p)}."
        return f"{said} {self._describe_margin(first)}".strip()

    def _describe_margin(self, first: str) -> str:
        if self.margin is None or self.difference.high is None:
            return ""
        margin = format_figure(self.margin)
        if self.not_inferior:
            return f"{first} is not inferior by {margin} or more."
        if self.difference.high < -self.margin:
            return f"{first} is inferior by more than {margin}."
        return f"Whether {first} is inferior by {margin} or more is open."

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison for JSON."""
        return {
            "metric": self.metric,
            "first": self.first.to_dict(),
            "second": self.second.to_dict(),
            "difference": self.difference.to_dict(),
            "distinguishable": self.distinguishable,
            "margin": self.margin,
            "not_inferior": self.not_inferior,
        }


def _turn(found: Difference) -> Estimate:
    value, low, high = (None if end is None else -end for end in (found.value, found.high, found.low))
    return Estimate(value, low, high)
