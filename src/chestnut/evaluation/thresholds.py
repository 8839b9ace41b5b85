"""Choose the threshold that reaches a goal, and divide patients in halves to judge it.

A threshold looks better than it is on the patients that it was chosen on, so it is chosen on one half and judged on the
other, in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, suggest
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.ranking_metrics import Ranking

Truth = npt.NDArray[np.bool_]
Metric = Literal["balanced", "sensitivity", "specificity"]
_METRICS: tuple[Metric, ...] = ("balanced", "sensitivity", "specificity")


@dataclass(frozen=True)
class Goal:
    """What a threshold should reach.

    Attributes:
        metric: `balanced` for the highest mean of sensitivity and specificity; or the one that has a least value.
        least: That least value, above 0 and up to 1; None for `balanced`.
    """

    metric: Metric
    least: float | None = None

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Read a goal from text.

        >>> Goal.parse("sensitivity=0.95")
        Goal(metric='sensitivity', least=0.95)

        Raises:
            DataError: There is no such goal, or its value is not a share.
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
            raise DataError(f"operating point {text!r}: give a share above 0 and up to 1, as in {metric}=0.95")
        return cls(metric, least)

    def __post_init__(self) -> None:
        """Check the goal; raises the errors of `parse`."""
        if self.least is not None and not 0 < self.least <= 1:
            raise DataError(
                f"operating point {self.metric}={self.least:g}: give a share above 0 and up to 1, as in "
                f"{self.metric}=0.95"
            )

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return self.metric if self.least is None else f"{self.metric}={self.least:g}"


def choose(goal: Goal, truth: Truth, scores: Floats) -> float:
    """Return the threshold, from which images are decided positive, that reaches a goal on some images.

    It lies midway between two scores; of equally good thresholds the middle one is returned. For a least sensitivity it
    is the highest threshold that reaches it, for a least specificity the lowest. A score of 1 is always positive.

    Args:
        goal: The goal.
        truth: Whether each image is positive, shape (n,); both classes must be present.
        scores: The probability of the positive class of each image, shape (n,).

    Raises:
        DataError: Only one class is present.

    >>> choose(Goal("sensitivity", 1.0), np.array([False, True, True]), np.array([0.1, 0.3, 0.9]))
    0.2
    """
    if truth.all() or not truth.any():
        raise DataError("choosing a threshold needs two classes, but only one is present; give images of both")
    ranking = Ranking.of(truth, scores, np.zeros(len(truth), dtype=np.int64))
    positive, negative = (part[:, 0].cumsum() for part in ranking.weigh(np.ones((1, 1))))
    found, passed = positive / positive[-1], 1 - negative / negative[-1]
    edges = np.concatenate([[1.0], ranking.thresholds, [0.0]])
    place = _count_positive(goal, np.concatenate([[0.0], found]), np.concatenate([[1.0], passed]))
    return float((edges[place] + edges[place + 1]) / 2)


def _count_positive(goal: Goal, found: Floats, passed: Floats) -> int:
    """Return how many of the highest distinct scores are decided positive."""
    if goal.least is None:
        total = found + passed
        best = np.flatnonzero(total >= total.max() - 1e-12)
        return int(best[len(best) // 2])
    if goal.metric == "sensitivity":
        return int(np.flatnonzero(found >= goal.least - 1e-12)[0])
    return int(np.flatnonzero(passed >= goal.least - 1e-12)[-1])


def halves(truth: Truth, owners: Ints, seed: int) -> Truth:
    """Divide images in two halves by patient, with patients with a positive image in both alike.

    Args:
        truth: Whether each image is positive, shape (n,).
        owners: Each image's patient number, shape (n,).
        seed: The seed of the division.

    Returns:
        Whether each image is in the second half, shape (n,).
    """
    order = np.random.default_rng(seed).permutation(int(owners.max()) + 1)
    sick = np.bincount(owners, truth) > 0
    second = np.zeros(len(order), dtype=np.bool_)
    for group in (order[sick[order]], order[~sick[order]]):
        second[group[::2]] = True
    return second[owners]
