"""Compare thresholds under shifts: 0.5, one chosen on plain images, and one chosen on shifted images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.checks import require_probabilities
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.operating.choice import Truth, choose, halves
from chestnut.evaluation.operating.point import OperatingPoint as Chosen
from chestnut.evaluation.operating.point import choose_point
from chestnut.evaluation.operating.rule import Rule
from chestnut.evaluation.paired.means import mean_estimate, share_of
from chestnut.evaluation.patients import number_patients


@dataclass(frozen=True)
class Rates:
    """Sensitivity and specificity under one condition, or their means over all shifts.

    Attributes:
        sensitivity: The share of the positive images decided positive.
        specificity: The share of the negative images decided negative.
        condition: The name of the shift; empty where there is only one condition, or for means.
    """

    sensitivity: Estimate
    specificity: Estimate
    condition: str = ""


@dataclass(frozen=True)
class OperatingPoint:
    """One rule for choosing a threshold, and the rates that it gives.

    A chosen threshold is judged on patients that it was not chosen on, except on the external set, which takes no part
    in choosing.

    Attributes:
        rule: fixed (0.5), plain (the goal on plain images) or stress (the goal on the shifts, all weighing the same).
        threshold: The threshold chosen on all patients.
        plain: The rates on plain images.
        mean: The mean rates over the shifts; None where not all of them were made.
        worst: The rates under the shift of least balanced accuracy at this threshold.
        external: The rates on the external set; None without one.
    """

    rule: str
    threshold: float
    plain: Rates
    mean: Rates | None
    worst: Rates
    external: Rates | None


@dataclass(frozen=True)
class OperatingPoints:
    """The operating points for one goal.

    Attributes:
        goal: The goal as users write it.
        points: The points by the rules fixed, plain and stress.
        chosen: The last of them as one that can be kept, with the rates that it promises under the shifts.
    """

    goal: str
    points: tuple[OperatingPoint, ...]
    chosen: Chosen

    def to_dict(self) -> dict[str, Any]:
        """Return the points JSON-ready."""
        return {"goal": self.goal, "points": [asdict(point) for point in self.points]}

    @property
    def threshold(self) -> float:
        """The threshold chosen on the shifts and on all patients."""
        return self.points[-1].threshold


@dataclass(frozen=True, eq=False)
class Scored:
    """Images of two classes with their scores under some conditions.

    Attributes:
        truth: Whether each image is positive, shape (n,).
        patients: Patient identities, shape (n,).
        scores: The probability of the positive class under each condition, each of shape (n,).
    """

    truth: Truth
    patients: npt.NDArray[np.str_]
    scores: Mapping[str, Floats]

    def __post_init__(self) -> None:
        """Check the scores.

        Raises:
            DataError: One of them is not a number from 0 to 1.
        """
        for values in self.scores.values():
            require_probabilities(values)


def operating_points(
    goal: Rule, scored: Scored, external: Scored | None = None, seed: int = 0, *, averaged: bool = True
) -> OperatingPoints:
    """Choose thresholds by a goal and judge them under every shift.

    Args:
        goal: The goal that a threshold is to reach.
        scored: The images; the first condition is the plain images, the others are shifts.
        external: Images of another data set under one condition.
        seed: The seed of the halves.
        averaged: Whether the shifts are all there are, so that means over them are given.

    Raises:
        DataError: A half of the patients has images of one class only.
    """
    scores = np.stack(list(scored.scores.values()))
    owners, _ = number_patients(scored.patients)
    second = halves(scored.truth, owners, seed)
    points = []
    for rule, rows in (("fixed", None), ("plain", scores[:1]), ("stress", scores[1:])):
        if rows is None:
            threshold, decided = 0.5, scores >= 0.5
        else:
            threshold, decided = _threshold(goal, scored.truth, rows), np.empty(scores.shape, dtype=np.bool_)
            for half in (second, ~second):
                decided[:, half] = scores[:, half] >= _threshold(goal, scored.truth[~half], rows[:, ~half])
        plain, mean, worst = _rates(scored, decided)
        outside = _outside(external, threshold)
        points.append(OperatingPoint(rule, threshold, plain, mean if averaged else None, worst, outside))
    chosen = choose_point(goal, "stress", scored.truth, owners, scores[1:], seed)
    return OperatingPoints(str(goal), tuple(points), chosen)


def _threshold(goal: Rule, truth: Truth, scores: Floats) -> float:
    return choose(goal, np.tile(truth, len(scores)), scores.ravel())


def _outside(external: Scored | None, threshold: float) -> Rates | None:
    if external is None:
        return None
    decided = np.stack([scores >= threshold for scores in external.scores.values()])
    return _estimate_rates(external, decided)[0]


def _rates(scored: Scored, decided: Truth) -> tuple[Rates, Rates, Rates]:
    """Return the rates on plain images, their means over the shifts, and those under the worst shift."""
    names = list(scored.scores)
    *each, mean = _estimate_rates(scored, decided)
    found = [rates.sensitivity.value or 0 for rates in each[1:]], [rates.specificity.value or 0 for rates in each[1:]]
    worst = 1 + int(np.argmin(np.sum(found, axis=0)))
    return each[0], mean, Rates(each[worst].sensitivity, each[worst].specificity, names[worst])


def _estimate_rates(scored: Scored, decided: Truth) -> list[Rates]:
    """Return the rates under each condition, and last their means over all conditions but the first of several."""
    owners, _ = number_patients(scored.patients)
    truth = scored.truth
    each = [Rates(share_of(row, owners, truth), share_of(~row, owners, ~truth)) for row in decided]
    shifts = each[1:] or each
    means = (mean_estimate([one.sensitivity for one in shifts]), mean_estimate([one.specificity for one in shifts]))
    return [*each, Rates(*means)]
