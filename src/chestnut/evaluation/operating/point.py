"""`OperatingPoint`: a chosen threshold, and the sensitivity and specificity that it promises."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.calibration.temperature import rescale_threshold
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.operating.choice import Truth, choose, halves
from chestnut.evaluation.operating.rule import Rule

#: The images that a threshold can be chosen on: the validation images, as they are or under all shifts.
Source = Literal["val", "stress"]
SOURCES: tuple[Source, ...] = get_args(Source)


def read_source(name: str) -> Source:
    """Return the images that a name stands for.

    Raises:
        DataError: There are none of that name.
    """
    found = next((one for one in SOURCES if one == name), None)
    if found is None:
        raise DataError(f"on={name}: give val or stress, the images that the threshold is chosen on")
    return found


@dataclass(frozen=True)
class Promise:
    """What a rule gives on patients that its threshold was not chosen on.

    Attributes:
        sensitivity: The share of the positive images decided positive.
        specificity: The share of the negative images decided negative.
    """

    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class OperatingPoint:
    """A chosen threshold.

    Attributes:
        rule: The rule that chose it, as users write it.
        on: The images that it was chosen on.
        threshold: The probability, in 0..1, from which images are decided positive; chosen on all patients.
        promised: The rates on each half of the patients, by the threshold that the rule chooses on the other half.
    """

    rule: str
    on: Source
    threshold: float
    promised: Promise

    def to_dict(self) -> dict[str, Any]:
        """Return the point for JSON."""
        return asdict(self)

    def rescaled(self, before: float, after: float) -> OperatingPoint:
        """Return the point that decides alike when the logits are divided by another temperature."""
        return replace(self, threshold=rescale_threshold(self.threshold, before, after))

    def __str__(self) -> str:
        """Return the threshold and where it comes from.

        >>> rates = Promise(Estimate(0.95, 0.92, 0.97), Estimate(0.9, 0.8, 0.95))
        >>> str(OperatingPoint("sensitivity=0.95", "val", 0.31, rates))
        '0.31 (sensitivity=0.95 on val)'
        """
        return f"{self.threshold:.4g} ({self.rule} on {self.on})"

    @property
    def chosen(self) -> bool:
        """Whether the images decided on the threshold; false for one that was given."""
        return Rule.parse(self.rule).name != "fixed"

    @property
    def warning(self) -> str:
        """What the interval of a least sensitivity or specificity says against it; empty if nothing, or without one."""
        rule = Rule.parse(self.rule)
        if rule.least is None:
            return ""
        found = self.promised.sensitivity if rule.name == "sensitivity" else self.promised.specificity
        if found.low is None or found.high is None or found.low >= rule.least:
            return ""
        if found.high < rule.least:
            return f"on patients that it was not chosen on, {rule.name} is {found}, which is less than {rule.least:g}"
        return (
            f"{rule.name} was {found} on patients that it was not chosen on: these images do not show that it is "
            f"{rule.least:g} or more for others"
        )


def choose_point(
    rule: Rule, on: Source, truth: Truth, owners: Ints, conditions: Floats, seed: int = 0
) -> OperatingPoint:
    """Choose a threshold by a rule, and judge it on patients that it was not chosen on.

    Args:
        rule: The rule.
        on: What the images are.
        truth: Whether each image is positive, shape (n,).
        owners: Each image's patient number, shape (n,).
        conditions: The probability of the positive class under each condition, shape (c, n); all weigh the same.
        seed: The seed of the halves of the patients.

    Raises:
        DataError: Only one class is present, all scores are equal, no threshold fulfils the rule, or a half of the
            patients has images of one class only.
    """
    threshold = _choose(rule, truth, conditions)
    decided = conditions >= threshold
    if rule.name != "fixed":
        second = halves(truth, owners, seed)
        for half in (second, ~second):
            try:
                decided[:, half] = conditions[:, half] >= _choose(rule, truth[~half], conditions[:, ~half])
            except DataError as error:
                raise DataError(f"on one half of the patients, {error}") from error
    rates = []
    for value in (True, False):
        rows = truth == value
        hits = (decided[:, rows] == value).ravel()
        rates.append(share_estimate(hits, np.tile(owners[rows], len(conditions))))
    return OperatingPoint(str(rule), on, threshold, Promise(*rates))


def _choose(rule: Rule, truth: Truth, conditions: Floats) -> float:
    return choose(rule, np.tile(truth, len(conditions)), conditions.ravel())
