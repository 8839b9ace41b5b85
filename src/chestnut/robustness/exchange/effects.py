"""Judge the same images under exchanges with another class and with their own, with an interval for every figure.

All conditions and draws are judged in the same resamples of patients, so that the difference between the two kinds of
exchange has an interval of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.comparison import mix_repeats
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.resamples import bootstrap, estimate_of
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.patient_tally import decision_figures
from chestnut.evaluation.patients import number_patients, sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking
from chestnut.robustness.shift_effects import RESAMPLES, Decision, Figures

Side = Literal["other", "same"]

_NAMES = ("auroc", "sensitivity", "specificity")


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
        decision: How to decide classes and draw intervals.

    Returns:
        The figures of the images as they are, and those under each condition. A loss is against the former.
    """
    truth = np.asarray(targets, dtype=np.int64)
    owners, distinct = number_patients(patients)

    def tally(values: Floats) -> _Tally:
        return _Tally.of(truth, values, owners, decision)

    groups = [[tally(plain)]]
    groups += [[tally(one) for one in sides[side]] for sides in exchanged.values() for side in ("other", "same")]

    def rows(counts: Floats) -> Floats:
        parts = [np.mean([one.figures(counts) for one in group], axis=0) for group in groups]
        return np.concatenate(parts)

    point = rows(np.ones((distinct, 1))).reshape(len(groups), len(_NAMES))
    drawn = bootstrap(rows, distinct, len(truth), RESAMPLES, decision.seed).reshape(len(groups), len(_NAMES), -1)

    def figures(at: int) -> Figures:
        auroc, sensitivity, specificity = (estimate_of(float(p), d) for p, d in zip(point[at], drawn[at], strict=True))
        return Figures(auroc, _difference(0, at), sensitivity, specificity)

    def _difference(first: int, second: int) -> Estimate:
        return estimate_of(float(point[first, 0] - point[second, 0]), drawn[first, 0] - drawn[second, 0])

    effects = {
        name: Effect(figures(2 * number + 1), figures(2 * number + 2), _difference(2 * number + 2, 2 * number + 1))
        for number, name in enumerate(exchanged)
    }
    return figures(0), effects


def judge_repeats(
    repeats: Sequence[Mapping[Side, Sequence[Floats]]],
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    positive: int,
    name: str,
    seed: int = 0,
) -> tuple[Estimate, Estimate]:
    """Judge one condition for a network that was trained several times: all figures are means over its repeats.

    A resample draws the repeats as well as the patients, as `rank` does.

    Args:
        repeats: The probabilities of each repeat with each side's donors: an array of shape (n, k) a draw.
        targets: Class numbers, shape (n,).
        patients: Patient identities, shape (n,).
        positive: The number of the positive class of two.
        name: The name of the network.
        seed: The seed of the resamples.

    Returns:
        The AUROC with another class's donors, and what that with the own class's has more.
    """
    truth = np.asarray(targets, dtype=np.int64)
    owners, distinct = number_patients(patients)
    decision = Decision(positive, seed=seed)
    groups = [
        [_Tally.of(truth, values, owners, decision) for values in repeat[side]]
        for side in ("other", "same")
        for repeat in repeats
    ]

    def rows(counts: Floats) -> Floats:
        areas = np.stack([np.mean([one.figures(counts)[0] for one in group], axis=0) for group in groups])
        other, same = areas.reshape(2, len(repeats), -1)
        return np.concatenate([other, same - other])

    point = rows(np.ones((distinct, 1))).reshape(2, len(repeats)).mean(axis=1)
    drawn = bootstrap(rows, distinct, len(truth), RESAMPLES, seed).reshape(2, len(repeats), -1)
    samples = mix_repeats(drawn, name, seed)
    return estimate_of(float(point[0]), samples[0]), estimate_of(float(point[1]), samples[1])


@dataclass(frozen=True, eq=False)
class _Tally:
    """The sums that the figures of one set of probabilities are made of."""

    rankings: dict[int, Ranking]  # of the positive class of two, or of every class that has images
    cells: Floats
    classes: int

    @classmethod
    def of(cls, truth: Ints, values: Floats, owners: Ints, decision: Decision) -> _Tally:
        count = values.shape[1]
        views = (decision.positive,) if count == 2 else np.unique(truth).tolist()
        decisions = decide(values, decision.threshold, decision.positive)
        return cls(
            {number: Ranking.of(truth == number, values[:, number], owners) for number in views},
            sum_by_patient(1, owners, truth * count + decisions, count**2),
            count,
        )

    def figures(self, counts: Floats) -> Floats:
        """Return AUROC, sensitivity and specificity of each weighting, shape (3, b); means over several classes."""
        confusion = (self.cells @ counts).reshape(self.classes, self.classes, -1)
        parts = []
        for number, ranking in self.rankings.items():
            right, pairs = ranking.pairs(counts)
            with np.errstate(invalid="ignore"):
                rates = decision_figures(confusion, number)
                parts.append(np.stack([right / pairs, rates["sensitivity"], rates["specificity"]]))
        mean: Floats = np.mean(parts, axis=0)
        return mean
