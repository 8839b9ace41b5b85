"""Judge the same images under several conditions, with an interval for every figure.

All conditions are judged in the same resamples of patients, so that a difference between conditions, and a mean over
them, has an interval of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.resamples import bootstrap, estimate_of
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.patient_tally import Tally
from chestnut.evaluation.patients import number_patients

#: Resamples of patients behind every interval.
RESAMPLES = 2000

_NAMES = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True)
class Decision:
    """How to decide classes and draw intervals.

    Attributes:
        positive: The number of the positive class of two.
        threshold: The least probability of the positive class of two to decide for it; unused for more classes.
        seed: The seed of the resamples.
        averaged: Whether to give means over the conditions. A mean is meant over all shifts, so that runs can be
            compared by it; over a few of them it has no meaning.
    """

    positive: int = 1
    threshold: float = 0.5
    seed: int = 0
    averaged: bool = True


@dataclass(frozen=True)
class Figures:
    """The figures under one condition; of more than two classes, means over the classes.

    Attributes:
        auroc: The area under the ROC curve, in 0..1.
        drop: The loss of AUROC against the plain images, in -1..1; 0 for the plain images themselves.
        sensitivity: The share of the positive images decided positive.
        specificity: The share of the negative images decided negative.
    """

    auroc: Estimate
    drop: Estimate
    sensitivity: Estimate
    specificity: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the figures JSON-ready, one object each."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Figures:
        """Read figures that `to_dict` gave; other keys are ignored.

        Raises:
            DataError: The values are not the figures of a condition.
        """
        try:
            return cls(**{part.name: Estimate(**values[part.name]) for part in fields(cls)})
        except (KeyError, TypeError) as error:
            raise DataError(f"not the figures of a shift ({error!r} when read); validate under shifts again") from error


@dataclass(frozen=True)
class Judged:
    """The figures of one set of images under several conditions.

    Attributes:
        plain: The figures without any shift.
        shifts: The figures under each shift, by its name, in the order given.
        mean: The means over the shifts; None where not all of them were made.
    """

    plain: Figures
    shifts: dict[str, Figures]
    mean: Figures | None

    @property
    def worst(self) -> str:
        """The name of the shift with the least AUROC; the first shift where no AUROC is defined."""
        return min(self.shifts, key=lambda name: 2.0 if (v := self.shifts[name].auroc.value) is None else v)


def judge(
    probabilities: Mapping[str, Floats],
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    decision: Decision,
) -> Judged:
    """Judge probabilities of the same images under several conditions.

    Args:
        probabilities: The probabilities under each condition, each of shape (n, k); the first condition is the plain
            images, the others are shifts.
        targets: Class numbers, shape (n,).
        patients: Patient identities, shape (n,).
        decision: How to decide classes and draw intervals.
    """
    truth = np.asarray(targets, dtype=np.int64)
    owners, distinct = number_patients(patients)
    tallies = [
        Tally.of(truth, values, decide(values, decision.threshold, decision.positive), owners, decision.positive)
        for values in probabilities.values()
    ]

    def rows(counts: Floats) -> Floats:
        return np.stack([tally.figures(counts)[0][name] for tally in tallies for name in _NAMES])

    point = _with_mean(rows(np.ones((distinct, 1))))
    drawn = _with_mean(bootstrap(rows, distinct, len(truth), RESAMPLES, decision.seed))
    first, *rest, last = (_figures(*pair, point[0], drawn[0]) for pair in zip(point, drawn, strict=True))
    shifts = dict(zip(list(probabilities)[1:], rest, strict=True))
    return Judged(first, shifts, last if decision.averaged else None)


def _with_mean(rows: Floats) -> Floats:
    """Return figures of shape (conditions, 3, draws), with the mean over the shifts as the last condition."""
    each = rows.reshape(-1, len(_NAMES), rows.shape[1])
    return np.concatenate([each, each[1:].mean(axis=0, keepdims=True)])


def _figures(point: Floats, drawn: Floats, plain: Floats, plain_drawn: Floats) -> Figures:
    auroc, sensitivity, specificity = (estimate_of(float(p[0]), d) for p, d in zip(point, drawn, strict=True))
    drop = estimate_of(float(plain[0, 0] - point[0, 0]), plain_drawn[0] - drawn[0])
    return Figures(auroc, drop, sensitivity, specificity)
