"""How a threshold fares when images shift: chosen on plain images, chosen on shifted ones, or 0.5.

May be called by every room above `config`; calls `intervals` and `thresholds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.intervals import (
    Estimate,
    Floats,
    Ints,
    bootstrap,
    estimate_of,
    number_patients,
    sum_by_patient,
)
from chestnut.evaluation.thresholds import Goal, Truth, choose, halves
from chestnut.robustness.shift_effects import RESAMPLES


@dataclass(frozen=True)
class Rates:
    """What a threshold gives under one condition, or in the mean over all shifts.

    Attributes:
        sensitivity: Share of the positive images decided positive.
        specificity: Share of the negative images decided negative.
        condition: The shift; empty where there is only one condition or a mean.
    """

    sensitivity: Estimate
    specificity: Estimate
    condition: str = ""


@dataclass(frozen=True)
class OperatingPoint:
    """One way to come by a threshold, and how it fares.

    Attributes:
        rule: fixed (0.5), plain (the goal on plain images) or stress (the goal on all shifts, each weighing the same).
        threshold: As chosen on all patients.
        plain: On plain images; chosen thresholds are judged on patients they were not chosen on, here and below.
        mean: In the mean over the shifts.
        worst: Under the shift of least balanced accuracy at this threshold.
        external: On the external set; None without one.
    """

    rule: str
    threshold: float
    plain: Rates
    mean: Rates
    worst: Rates
    external: Rates | None


@dataclass(frozen=True)
class OperatingPoints:
    """The three ways for one goal.

    Attributes:
        goal: As users write it.
        points: fixed, plain and stress.
    """

    goal: str
    points: tuple[OperatingPoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"goal": self.goal, "points": [asdict(point) for point in self.points]}

    @property
    def threshold(self) -> float:
        """The one chosen on all shifts and all patients."""
        return self.points[-1].threshold


@dataclass(frozen=True, eq=False)
class Scored:
    """Images of two classes with their scores under some conditions.

    Attributes:
        truth: Whether each image is positive, shape (n,).
        patients: Identities, shape (n,).
        scores: Probabilities of the positive class by condition, each of shape (n,).
    """

    truth: Truth
    patients: npt.NDArray[np.str_]
    scores: Mapping[str, Floats]


def operating_points(goal: Goal, scored: Scored, external: Scored | None = None, seed: int = 0) -> OperatingPoints:
    """Choose thresholds by a goal and judge them under every shift.

    Args:
        goal: What a threshold is to reach.
        scored: The first condition is the plain images, the others are shifts.
        external: Images from elsewhere under one condition.
        seed: Of the halves and the resamples.

    Raises:
        DataError: A half has images of one class only.
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
        rates = _rates(scored, decided, seed)
        outside = _outside(external, threshold, seed)
        points.append(OperatingPoint(rule, threshold, *rates, outside))
    return OperatingPoints(str(goal), tuple(points))


def _threshold(goal: Goal, truth: Truth, scores: Floats) -> float:
    return choose(goal, np.tile(truth, len(scores)), scores.ravel())


def _outside(external: Scored | None, threshold: float, seed: int) -> Rates | None:
    if external is None:
        return None
    decided = np.stack([scores >= threshold for scores in external.scores.values()])
    return _estimated(external, decided, seed)[0]


def _rates(scored: Scored, decided: Truth, seed: int) -> tuple[Rates, Rates, Rates]:
    """On plain images, in the mean over the shifts, and under the worst of them."""
    names = list(scored.scores)
    *each, mean = _estimated(scored, decided, seed)
    found = [rates.sensitivity.value or 0 for rates in each[1:]], [rates.specificity.value or 0 for rates in each[1:]]
    worst = 1 + int(np.argmin(np.sum(found, axis=0)))
    return each[0], mean, Rates(each[worst].sensitivity, each[worst].specificity, names[worst])


def _estimated(scored: Scored, decided: Truth, seed: int) -> list[Rates]:
    """Rates under each condition, and last the mean over all but the first of several."""
    owners, patients = number_patients(scored.patients)
    right = decided == scored.truth
    parts = [(_sums(right & truth, owners), _sums(truth[None], owners)) for truth in (scored.truth, ~scored.truth)]

    def rows(counts: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            each = np.stack([(hits @ counts) / (all_ @ counts) for hits, all_ in parts])
        shifts = each[:, 1:] if len(decided) > 1 else each
        return np.concatenate([each, shifts.mean(axis=1, keepdims=True)], axis=1).reshape(-1, counts.shape[1])

    point = rows(np.ones((patients, 1)))[:, 0]
    drawn = bootstrap(rows, patients, len(owners), RESAMPLES, seed)
    figures = [estimate_of(float(value), sample) for value, sample in zip(point, drawn, strict=True)]
    half = len(figures) // 2
    return [Rates(*pair) for pair in zip(figures[:half], figures[half:], strict=True)]


def _sums(values: Truth, owners: Ints) -> Floats:
    return np.concatenate([sum_by_patient(row, owners) for row in values])
