"""Judge the same images under several conditions, with an interval for every figure.

Conditions are compared patient by patient, so that what is easy or hard under both cancels in their difference.
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
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.paired.means import mean_estimate
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.seen import Seen


@dataclass(frozen=True)
class Decision:
    """How to decide classes, and what to give.

    Attributes:
        positive: The number of the positive class of two.
        threshold: The least probability of the positive class of two to decide for it; unused for more classes.
        averaged: Whether to give means over the conditions. A mean is meant over all shifts, so that runs can be
            compared by it; over a few of them it has no meaning.
    """

    positive: int = 1
    threshold: float = 0.5
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

    @property
    def balanced(self) -> float | None:
        """The mean of sensitivity and specificity, in 0..1, where 0.5 is guessing; None where one is undefined.

        It is the balanced accuracy of two classes, and falls also where AUROC stays high but the threshold no longer
        fits.
        """
        rates = (self.sensitivity.value, self.specificity.value)
        return None if rates[0] is None or rates[1] is None else (rates[0] + rates[1]) / 2

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
        """The name of the shift that costs most; see `rank_shifts`."""
        return rank_shifts(self.shifts)[-1]


def rank_shifts(shifts: Mapping[str, Figures]) -> list[str]:
    """Return the names of shifts, the one that costs least first.

    They are ranked by the mean of sensitivity and specificity, because that is what a user of the network meets: under
    some shifts the ranking of the images survives and AUROC with it, while all of them are decided alike. Where the
    rates are equal AUROC decides, and where figures are undefined a shift comes first.
    """

    def badness(name: str) -> tuple[float, float]:
        found = (shifts[name].balanced, shifts[name].auroc.value)
        return -(2.0 if found[0] is None else found[0]), -(2.0 if found[1] is None else found[1])

    return sorted(shifts, key=badness)


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
        decision: How to decide classes.
    """
    truth = np.asarray(targets, dtype=np.int64)
    owners, _ = number_patients(patients)
    plain, *shifts = (
        Seen(truth, values, owners, decision.threshold, decision.positive) for values in probabilities.values()
    )
    area = plain.figure("auroc")
    known = Figures(*_rates(plain, Estimate(0.0, 0.0, 0.0) if np.isfinite(area.value) else Estimate(None)))
    areas = [seen.figure("auroc") for seen in shifts]
    each = [
        Figures(*_rates(seen, difference_of(area - shifted).estimate))
        for seen, shifted in zip(shifts, areas, strict=True)
    ]
    found = dict(zip(list(probabilities)[1:], each, strict=True))
    if not decision.averaged or not each:
        return Judged(known, found, None)
    drop = difference_of(area - Contributions.mean_of(areas)).estimate
    auroc, sensitivity, specificity = (
        mean_estimate([getattr(one, name) for one in each]) for name in ("auroc", "sensitivity", "specificity")
    )
    return Judged(known, found, Figures(auroc, drop, sensitivity, specificity))


def _rates(seen: Seen, drop: Estimate) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    return seen.estimate("auroc"), drop, seen.estimate("sensitivity"), seen.estimate("specificity")
