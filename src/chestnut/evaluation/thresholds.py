"""Operating points: the threshold that a goal asks for, and the two halves of the patients that make it honest.

May be called by every room above `config`; calls `ranking`. A threshold judged on the patients it was chosen on looks
better than it is, so it is chosen on one half and judged on the other, both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, suggest
from chestnut.evaluation.intervals import Floats, Ints
from chestnut.evaluation.ranking_metrics import Ranking

Truth = npt.NDArray[np.bool_]
Metric = Literal["balanced", "sensitivity", "specificity"]
_METRICS: tuple[Metric, ...] = ("balanced", "sensitivity", "specificity")


@dataclass(frozen=True)
class Goal:
    """What a threshold is to reach.

    Attributes:
        metric: The greatest mean of sensitivity and specificity, or the least allowed value of one of them.
        least: That value, above 0 and up to 1; None for the mean.
    """

    metric: Metric
    least: float | None = None

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Read a goal as users write it.

        >>> Goal.parse("sensitivity=0.95")
        Goal(metric='sensitivity', least=0.95)

        Raises:
            DataError: No such goal, or a value that is no share.
        """
        name, equals, value = text.partition("=")
        known = "allowed are balanced, sensitivity=SHARE and specificity=SHARE"
        metric = next((one for one in _METRICS if one == name), None)
        if metric is None:
            raise DataError(f"no operating point {text!r}; {suggest(name, _METRICS)}; {known}")
        if metric == "balanced":
            if equals:
                raise DataError(f"operating point {text!r}: balanced takes no value; {known}")
            return cls(metric)
        try:
            least = float(value)
        except ValueError:
            least = 0.0
        if not 0 < least <= 1:
            raise DataError(f"operating point {text!r}: write a share above 0 and up to 1, as in {metric}=0.95")
        return cls(metric, least)

    def __str__(self) -> str:
        """As users write it."""
        return self.metric if self.least is None else f"{self.metric}={self.least:g}"


def choose(goal: Goal, truth: Truth, scores: Floats) -> float:
    """The threshold that reaches a goal on some images; deciding positive from it up.

    Between two scores the middle is taken, among equally good thresholds the middle one. For a least sensitivity it is
    the highest threshold that reaches it, for a least specificity the lowest. A score of 1 is always decided positive.

    Args:
        goal: The goal.
        truth: Whether each image is positive, shape (n,); some are and some are not.
        scores: Probabilities of the positive class, shape (n,).

    Raises:
        DataError: Only one class is there.

    >>> choose(Goal("sensitivity", 1.0), np.array([False, True, True]), np.array([0.1, 0.3, 0.9]))
    0.2
    """
    if truth.all() or not truth.any():
        raise DataError("a threshold is chosen between two classes, and only one is there; give images of both")
    ranking = Ranking.of(truth, scores, np.zeros(len(truth), dtype=np.int64))
    positive, negative = (part[:, 0].cumsum() for part in ranking.weigh(np.ones((1, 1))))
    found, passed = positive / positive[-1], 1 - negative / negative[-1]
    edges = np.concatenate([[1.0], ranking.thresholds, [0.0]])
    place = _place(goal, np.concatenate([[0.0], found]), np.concatenate([[1.0], passed]))
    return float((edges[place] + edges[place + 1]) / 2)


def _place(goal: Goal, found: Floats, passed: Floats) -> int:
    """How many of the highest distinct scores are decided positive."""
    if goal.least is None:
        total = found + passed
        best = np.flatnonzero(total >= total.max() - 1e-12)
        return int(best[len(best) // 2])
    if goal.metric == "sensitivity":
        return int(np.flatnonzero(found >= goal.least - 1e-12)[0])
    return int(np.flatnonzero(passed >= goal.least - 1e-12)[-1])


def halves(truth: Truth, owners: Ints, seed: int) -> Truth:
    """Split images in two halves by patient, patients with a positive image spread evenly.

    Args:
        truth: Whether each image is positive, shape (n,).
        owners: Each image's patient number, shape (n,).
        seed: Decides who is in which half.

    Returns:
        Whether each image is in the second half, shape (n,).
    """
    order = np.random.default_rng(seed).permutation(int(owners.max()) + 1)
    sick = np.bincount(owners, truth) > 0
    second = np.zeros(len(order), dtype=np.bool_)
    for group in (order[sick[order]], order[~sick[order]]):
        second[group[::2]] = True
    return second[owners]
