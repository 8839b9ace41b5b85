"""`Judged`: the same images under several conditions, every figure with an interval, every loss paired by patient.

May be called by every room above `config`; calls `intervals`, `metrics` and `tally`. All conditions are judged in the
same resamples of patients, so that a difference or a mean of conditions has an interval of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.intervals import Estimate, Floats, bootstrap, estimate_of, number_patients
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.patient_tally import Tally

#: Resamples of patients behind every interval.
RESAMPLES = 2000

_NAMES = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True)
class Decision:
    """How classes are decided and intervals drawn.

    Attributes:
        positive: Number of the positive class of two.
        threshold: Least probability of the positive class of two to decide for it; unused for more.
        seed: Of the resamples.
    """

    positive: int = 1
    threshold: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class Figures:
    """How good the probabilities of one condition are; means over the classes where there are more than two.

    Attributes:
        auroc: Area under the ROC curve, in 0..1.
        drop: What is lost of it against the plain images, in -1..1; 0 for those themselves.
        sensitivity: Share of the positive images decided positive.
        specificity: Share of the negative images decided negative.
    """

    auroc: Estimate
    drop: Estimate
    sensitivity: Estimate
    specificity: Estimate

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, an object a figure."""
        return asdict(self)


@dataclass(frozen=True)
class Judged:
    """One set of images under several conditions.

    Attributes:
        plain: The images as they are.
        shifts: Each shift by its name, in the order given.
        mean: The mean over the shifts.
    """

    plain: Figures
    shifts: dict[str, Figures]
    mean: Figures

    @property
    def worst(self) -> str:
        """The shift of least AUROC; of none defined, the first."""
        return min(self.shifts, key=lambda name: 2.0 if (v := self.shifts[name].auroc.value) is None else v)


def judge(
    probabilities: Mapping[str, Floats],
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    decision: Decision,
) -> Judged:
    """Judge probabilities of the same images under several conditions.

    Args:
        probabilities: By condition, each of shape (n, k); the first are the plain images, the others shifts.
        targets: Class numbers, shape (n,).
        patients: Identities, shape (n,).
        decision: How classes are decided, and the seed of the resamples.
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
    return Judged(first, dict(zip(list(probabilities)[1:], rest, strict=True)), last)


def _with_mean(rows: Floats) -> Floats:
    """Figures as (conditions, 3, draws), with the mean over the shifts as the last condition."""
    each = rows.reshape(-1, len(_NAMES), rows.shape[1])
    return np.concatenate([each, each[1:].mean(axis=0, keepdims=True)])


def _figures(point: Floats, drawn: Floats, plain: Floats, plain_drawn: Floats) -> Figures:
    auroc, sensitivity, specificity = (estimate_of(float(p[0]), d) for p, d in zip(point, drawn, strict=True))
    drop = estimate_of(float(plain[0, 0] - point[0, 0]), plain_drawn[0] - drawn[0])
    return Figures(auroc, drop, sensitivity, specificity)
