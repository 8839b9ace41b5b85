"""Judge the same images under exchanges with another class and with their own, with an interval for every figure.

The two kinds of exchange are compared patient by patient, so that what is easy or hard in both cancels in their
difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.paired.means import mean_estimate
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.seen import Seen
from chestnut.robustness.shift_effects import Decision, Figures

Side = Literal["other", "same"]


@dataclass(frozen=True)
class Effect:
    """The figures under one condition.

    Attributes:
        other: The figures where the donors are of another class, as means over the draws.
        same: Those where they are of the image's own class.
        given_away: The AUROC of the second less that of the first.
    """

    other: Figures
    same: Figures
    given_away: Estimate


def judge_exchange(
    plain: Floats,
    exchanged: Mapping[str, Mapping[Side, Sequence[Floats]]],
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    decision: Decision,
) -> tuple[Figures, dict[str, Effect]]:
    """Judge probabilities of the same images under several conditions.

    Args:
        plain: The probabilities of the images as they are, shape (n, k).
        exchanged: The probabilities under each condition and with each side's donors: an array of shape (n, k) a draw.
        targets: Class numbers, shape (n,).
        patients: Patient identities, shape (n,).
        decision: How to decide classes.

    Returns:
        The figures of the images as they are, and those under each condition. A loss is against the former.
    """
    truth = np.asarray(targets, dtype=np.int64)
    owners, _ = number_patients(patients)

    def see(draws: Sequence[Floats]) -> _Draws:
        return _Draws([Seen(truth, values, owners, decision.threshold, decision.positive) for values in draws])

    whole = see([plain])
    effects = {}
    for name, sides in exchanged.items():
        other, same = see(sides["other"]), see(sides["same"])
        lost = difference_of(same.area - other.area).estimate
        effects[name] = Effect(other.figures(whole), same.figures(whole), lost)
    return whole.figures(whole), effects


def judge_repeats(
    repeats: Sequence[Mapping[Side, Sequence[Floats]]],
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    positive: int,
) -> tuple[Estimate, Estimate]:
    """Judge one condition for a network that was trained several times: all figures are means over its repeats.

    The variance between the repeats is added to that between patients, as `rank` does.

    Args:
        repeats: The probabilities of each repeat with each side's donors: an array of shape (n, k) a draw.
        targets: Class numbers, shape (n,).
        patients: Patient identities, shape (n,).
        positive: The number of the positive class of two.

    Returns:
        The AUROC with another class's donors, and what that with the own class's has more.
    """
    truth = np.asarray(targets, dtype=np.int64)
    owners, _ = number_patients(patients)
    each = [
        {side: _Draws([Seen(truth, values, owners, positive=positive) for values in repeat[side]]) for side in repeat}
        for repeat in repeats
    ]
    other = Contributions.mean_of_repeats([one["other"].area for one in each])
    lost = Contributions.mean_of_repeats([one["same"].area - one["other"].area for one in each])
    exchanged = mean_estimate([one["other"].estimate("auroc") for one in each], other.noise)
    return exchanged, difference_of(lost).estimate


@dataclass(frozen=True, eq=False)
class _Draws:
    """What a network says about the same images with the donors of each draw; figures are means over the draws."""

    seen: list[Seen]

    @property
    def area(self) -> Contributions:
        return Contributions.mean_of([one.figure("auroc") for one in self.seen])

    def estimate(self, name: str) -> Estimate:
        return mean_estimate([one.estimate(name) for one in self.seen])

    def figures(self, plain: _Draws) -> Figures:
        area = self.area
        drop = Estimate(0.0, 0.0, 0.0) if self is plain else difference_of(plain.area - area).estimate
        known = drop if np.isfinite(area.value) else Estimate(None)
        return Figures(self.estimate("auroc"), known, self.estimate("sensitivity"), self.estimate("specificity"))
