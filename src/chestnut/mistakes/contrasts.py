"""Compare the facts of some images with those of others: which are over-represented, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.grouping import RARE
from chestnut.evaluation.intervals.auroc import AurocVariance
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate, format_figure, format_p
from chestnut.evaluation.intervals.inversion import invert_interval
from chestnut.evaluation.outcome import Rate
from chestnut.evaluation.paired.holm import holm
from chestnut.evaluation.subgroups import difference_ends
from chestnut.mistakes.image_facts import ImageFacts

#: Facts are compared where both sides have images of so many patients.
FEWEST_PATIENTS = 5

_LEVEL = 1 - CONFIDENCE
#: How exact the logarithm of a p value is.
_PRECISION = 1e-3


@dataclass(frozen=True)
class Contrast:
    """How a fact differs between some images and others.

    Attributes:
        fact: The fact, such as `noise`, or a column of the data set.
        group: The value that is more or less frequent; empty for a number.
        these: The median of these images, or the share of them that have the value.
        others: The same of the other images.
        effect: For a number, the share of pairs in which these have the greater one, ties counting half; for a value,
            the difference of the shares. With an interval by patient.
        p: The p value of no difference.
        adjusted: The p value after Holm's correction for all facts that were tested.
    """

    fact: str
    group: str
    these: float
    others: float
    effect: Estimate
    p: float
    adjusted: float

    @property
    def stands_out(self) -> bool:
        """Whether the difference is more than chance, after the correction."""
        return self.adjusted < _LEVEL

    @property
    def strength(self) -> float:
        """How far the effect is from none, in 0..1."""
        value = self.effect.value or 0.0
        return abs(value) if self.group else abs(2 * value - 1)

    @property
    def sides(self) -> tuple[str, str]:
        """The median or the share of these images, and that of the others, as text."""
        if self.group:
            return f"{100 * self.these:.0f} %", f"{100 * self.others:.0f} %"
        return _short(self.these), _short(self.others)

    @property
    def p_text(self) -> str:
        """The corrected p value as text."""
        return format_p(self.adjusted).removeprefix("= ")

    @property
    def brief(self) -> str:
        """The fact and its direction, in a few words.

        >>> Contrast("noise", "", 1.2, 0.8, Estimate(0.81, 0.7, 0.9), 0.001, 0.01).brief
        'noise (higher)'
        """
        value = self.effect.value or 0.0
        if self.group:
            return f"{self.fact} {self.group} ({'more' if value > 0 else 'less'} frequent)"
        return f"{self.fact} ({'higher' if value > 0.5 else 'lower'})"

    def describe(self) -> str:
        """Return the difference as a clause about these images.

        >>> Contrast("noise", "", 1.2, 0.8, Estimate(0.81, 0.7, 0.9), 0.001, 0.01).describe()
        'noise is higher (median 1.20 against 0.800; in 81 % of pairs, 70–90 %; p = 0.010)'
        >>> Contrast("view", "AP", 0.6, 0.2, Estimate(0.4, 0.1, 0.6), 0.001, 0.01).describe()
        'view AP is more frequent (60 % against 20 %; difference 0.400 (0.100–0.600); p = 0.010)'
        """
        value, (these, others) = self.effect.value or 0.0, self.sides
        if self.group:
            word = "more" if value > 0 else "less"
            return (
                f"{self.fact} {self.group} is {word} frequent ({these} against {others}; difference {self.effect}; "
                f"p {format_p(self.adjusted)})"
            )
        greater = value > 0.5
        ends = [self.effect.low or 0.0, self.effect.high or 1.0]
        low, high = ends if greater else (1 - ends[1], 1 - ends[0])
        share = value if greater else 1 - value
        return (
            f"{self.fact} is {'higher' if greater else 'lower'} (median {these} against "
            f"{others}; in {100 * share:.0f} % of pairs, {100 * low:.0f}–{100 * high:.0f} %; "
            f"p {format_p(self.adjusted)})"
        )


def contrast(facts: ImageFacts, these: Ints, others: Ints, owners: Ints) -> list[Contrast]:
    """Compare the facts of some images with those of others, not yet corrected for their number.

    Args:
        facts: The facts of n images.
        these: The places of some images.
        others: The places of the others.
        owners: Each image's patient number, shape (n,).

    Returns:
        A contrast for each fact; none where one side has images of fewer than five patients.
    """
    found = [*_contrast_numbers(facts, these, others, owners), *_contrast_groups(facts, these, others, owners)]
    return sorted(found, key=lambda one: -one.strength)


def correct(contrasts: list[list[Contrast]]) -> list[list[Contrast]]:
    """Correct the p values for the number of all contrasts together, by Holm."""
    adjusted = iter(holm([one.p for each in contrasts for one in each]))
    return [[replace(one, adjusted=next(adjusted)) for one in each] for each in contrasts]


def _contrast_numbers(facts: ImageFacts, these: Ints, others: Ints, owners: Ints) -> Iterator[Contrast]:
    for name, values in facts.numbers.items():
        own, rest = (rows[~np.isnan(values[rows])] for rows in (these, others))
        if not _enough(own, rest, owners):
            continue
        rows = np.concatenate([own, rest])
        if np.ptp(values[rows]) == 0:
            continue
        truth = np.arange(len(rows)) < len(own)
        area = AurocVariance.of(truth, values[rows], owners[rows])
        effect, p = Estimate(area.area, *area.interval()), invert_interval(area.interval, 0.5, _PRECISION)
        yield Contrast(name, "", float(np.median(values[own])), float(np.median(values[rest])), effect, p, p)


def _contrast_groups(facts: ImageFacts, these: Ints, others: Ints, owners: Ints) -> Iterator[Contrast]:
    for name, grouping in facts.groups.items():
        own, rest = (rows[grouping.codes[rows] >= 0] for rows in (these, others))
        if not _enough(own, rest, owners):
            continue
        labels = grouping.labels[:1] if len(grouping.labels) == 2 else grouping.labels
        for code, label in enumerate(labels):
            if label == RARE:
                continue
            hits = grouping.codes == code
            one, two = (Rate.of(hits[rows], owners[rows]) for rows in (own, rest))
            if one.share.value == two.share.value:
                continue

            def ends(confidence: float, first: Rate = one, second: Rate = two) -> tuple[float, float]:
                return difference_ends(first, second, confidence)

            effect = Estimate(one.share.value - two.share.value, *ends(CONFIDENCE))
            p = invert_interval(ends, 0.0, _PRECISION)
            yield Contrast(name, label, one.share.value, two.share.value, effect, p, p)


def _enough(these: Ints, others: Ints, owners: Ints) -> bool:
    return all(len(np.unique(owners[rows])) >= FEWEST_PATIENTS for rows in (these, others))


def _short(value: float) -> str:
    """Write a number with three digits that count.

    >>> _short(1234.56), _short(0.0123), _short(-1.5), _short(0)
    ('1,235', '0.0123', '−1.50', '0')
    """
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    return format_figure(value, min(max(0, 2 - math.floor(math.log10(abs(value)))), 6))
