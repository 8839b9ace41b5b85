"""Choose the threshold that fulfils a rule best, and divide patients in halves to judge it.

A threshold looks better than it is on the patients that it was chosen on, so it is chosen on one half and judged on the
other, in both directions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import require_probabilities
from chestnut.evaluation.operating.rule import Rule
from chestnut.evaluation.ranking_metrics import Ranking

Truth = npt.NDArray[np.bool_]

_ROUNDING = 1e-12


def choose(rule: Rule, truth: Truth, scores: Floats) -> float:
    """Return the threshold, from which images are decided positive, that fulfils a rule best on some images.

    It lies midway between two scores; of equally good thresholds the middle one is returned. For a least sensitivity it
    is the highest threshold that reaches it, for a least specificity the lowest. A score of 1 is always positive.

    Args:
        rule: The rule. Costs are weighed with the shares of positive and negative images among these.
        truth: Whether each image is positive, shape (n,); both classes must be present.
        scores: The probability of the positive class of each image, shape (n,).

    Raises:
        DataError: Only one class is present, all scores are equal, or no threshold fulfils the rule.

    >>> choose(Rule("sensitivity", (1.0,)), np.array([False, True, True]), np.array([0.1, 0.3, 0.9]))
    0.2
    """
    require_probabilities(scores)
    if rule.name == "fixed":
        return rule.values[0]
    if truth.all() or not truth.any():
        raise DataError("choosing a threshold needs two classes, but only one is present; give images of both")
    ranking = Ranking.of(truth, scores, np.zeros(len(truth), dtype=np.int64))
    if len(ranking.thresholds) == 1:
        raise DataError(
            f"all {len(truth):,} images have the probability {scores[0]:.4g}, so every threshold decides all of them "
            "alike; train a network that tells them apart"
        )
    positive, negative = (part[:, 0].cumsum() for part in ranking.weigh(np.ones((1, 1))))
    found, passed = np.append(0.0, positive / positive[-1]), np.append(1.0, 1 - negative / negative[-1])
    places = np.arange(int(ranking.thresholds[0] == 1), len(found))  # a score of 1 cannot be decided negative
    share = float(truth.mean())
    place = places[_find_best(rule, found[places], passed[places], share)]
    edges = np.concatenate([[1.0], ranking.thresholds, [0.0]])
    middle = (edges[place] + edges[place + 1]) / 2
    return float(middle if middle > edges[place + 1] else edges[place])  # neighbouring numbers have no middle


def _find_best(rule: Rule, found: Floats, passed: Floats, share: float) -> int:
    """Return which of some thresholds, which fall, is best.

    Args:
        rule: The rule.
        found: The sensitivity at each threshold.
        passed: The specificity at each threshold.
        share: The share of positive images.
    """
    if rule.name == "sensitivity":
        return int(np.flatnonzero(found >= rule.values[0] - _ROUNDING)[0])
    if rule.name == "specificity":
        reached = np.flatnonzero(passed >= rule.values[0] - _ROUNDING)
        if not len(reached):
            raise DataError(
                f"rule '{rule}' cannot be met: negative images have a probability of 1, which every threshold decides "
                f"positive; give at most 'specificity={np.floor(1000 * passed[0]) / 1000:g}'"
            )
        return int(reached[-1])
    if rule.name == "f1":
        gain = 2 * found * share / (found * share + (1 - passed) * (1 - share) + share)
    else:
        weights = _weigh(rule, share)
        gain = (weights[0] * found + weights[1] * passed) / sum(weights)
    best = np.flatnonzero(gain >= gain.max() - _ROUNDING)
    return int(best[len(best) // 2])


def _weigh(rule: Rule, share: float) -> tuple[float, float]:
    """Return how much sensitivity and specificity count for a rule that maximises their weighted mean."""
    if rule.name == "cost":
        return rule.values[0] * share, rule.values[1] * (1 - share)
    if rule.name == "prevalence":
        return rule.values[0], 1 - rule.values[0]
    return 1.0, 1.0


def halves(truth: Truth, owners: Ints, seed: int) -> Truth:
    """Divide images in two halves by patient, with patients with a positive image in both alike.

    Args:
        truth: Whether each image is positive, shape (n,).
        owners: Each image's patient number, shape (n,).
        seed: The seed of the division.

    Returns:
        Whether each image is in the second half, shape (n,).

    Raises:
        DataError: A half has images of one class only.
    """
    order = np.random.default_rng(seed).permutation(int(owners.max()) + 1)
    sick = np.bincount(owners, truth) > 0
    second = np.zeros(len(order), dtype=np.bool_)
    for group in (order[sick[order]], order[~sick[order]]):
        second[group[::2]] = True
    inside = second[owners]
    for half in (inside, ~inside):
        if len(np.unique(truth[half])) < 2:
            patients = [len(np.unique(owners[truth == value])) for value in (True, False)]
            raise DataError(
                "a threshold is chosen on one half of the patients and judged on the other, but a half has images of "
                f"one class only (patients with positive images: {patients[0]}, with negative ones: {patients[1]}); "
                "give more patients of both classes"
            )
    return inside
