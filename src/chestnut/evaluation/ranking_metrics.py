"""`Ranking`: images sorted by score once, which gives the exact AUROC and AUPRC of any weighting of patients; ranks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import require_finite


@dataclass(frozen=True)
class Ranking:
    """Images from the highest score to the lowest; images of equal score form one group.

    Attributes:
        thresholds: The distinct scores in falling order, shape (g,).
        owners: The patient number of each image, in rank order, shape (n,).
        truth: 1 where the image is of the class, else 0, in rank order, shape (n, 1).
        starts: The rank at which each group begins, shape (g,).
    """

    thresholds: Floats
    owners: Ints
    truth: Floats
    starts: Ints

    @classmethod
    def of(cls, truth: npt.ArrayLike, scores: npt.ArrayLike, owners: Ints) -> Ranking:
        """Sort images by their scores.

        Args:
            truth: Whether each image is of the class, shape (n,).
            scores: The score of each image, higher for the class, shape (n,).
            owners: Each image's patient number, shape (n,).

        Raises:
            DataError: A score is NaN or infinite.
        """
        values = require_finite(scores)
        order = np.argsort(-values, kind="stable")
        falling = values[order]
        starts = np.flatnonzero(np.diff(falling, prepend=np.inf))
        return cls(falling[starts], owners[order], np.asarray(truth, dtype=np.float64)[order, None], starts)

    def weigh(self, counts: Floats) -> tuple[Floats, Floats]:
        """Return the weight of the positive and of the negative images of each group.

        Args:
            counts: How often each patient counts, shape (patients, b).

        Returns:
            Two arrays of shape (g, b).
        """
        weights = counts[self.owners]
        positive = weights * self.truth
        weights -= positive
        if len(self.starts) == len(self.owners):
            return positive, weights
        return np.add.reduceat(positive, self.starts), np.add.reduceat(weights, self.starts)

    def areas(self, counts: Floats) -> tuple[Floats, Floats]:
        """Compute AUROC and AUPRC.

        AUROC is the share of pairs of a positive and a negative image in which the positive one scores higher; equal
        scores count half (Hanley and McNeil 1982, Radiology 143:29-36). AUPRC is the average precision: the sum, over
        groups, of their share of the positives times the precision down to that group.

        Args:
            counts: How often each patient counts, shape (patients, b).

        Returns:
            Two arrays of shape (b,); NaN where either class has no weight.
        """
        positive, negative = self.weigh(counts)
        found, wrong = positive.cumsum(axis=0), negative.cumsum(axis=0)
        positives, negatives = found[-1].copy(), wrong[-1].copy()
        with np.errstate(invalid="ignore", divide="ignore"):
            wrong += found
            precision = np.divide(found, wrong, out=wrong, where=wrong > 0)
            auprc = np.einsum("gb,gb->b", positive, precision) / positives
            auroc = _count_ordered(positive, negative, found) / (positives * negatives)
        return auroc, np.where(negatives > 0, auprc, np.nan)

    def pairs(self, counts: Floats) -> tuple[Floats, Floats]:
        """Count the pairs of a positive and a negative image.

        Args:
            counts: How often each patient counts, shape (patients, b).

        Returns:
            The pairs in which the positive image scores higher, equal scores counting half, and all pairs, each of
            shape (b,). AUROC is their ratio.
        """
        positive, negative = self.weigh(counts)
        found = positive.cumsum(axis=0)
        pairs = found[-1] * negative.sum(axis=0)
        return _count_ordered(positive, negative, found), pairs


def _count_ordered(positive: Floats, negative: Floats, found: Floats) -> Floats:
    """Return the weight of the pairs ordered correctly; `found` is the running sum of `positive` and is overwritten."""
    found -= positive / 2
    ordered: Floats = np.einsum("gb,gb->b", negative, found)
    return ordered


def auroc_within_folds(rankings: Iterable[Ranking], counts: Floats) -> Floats:
    """Compute an AUROC of which only images of one fold are compared with each other.

    The scores of different folds come from different classifiers, which may use different scales.

    Args:
        rankings: The images of each fold by their scores.
        counts: How often each patient counts, shape (patients, b).

    Returns:
        Shape (b,), in 0..1; NaN where no fold has both classes.
    """
    ordered, pairs = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    for ranking in rankings:
        right, total = ranking.pairs(counts)
        ordered += right
        pairs += total
    with np.errstate(invalid="ignore"):
        return ordered / pairs


def midranks(values: Floats) -> Floats:
    """Return ranks from 1, where equal values share the mean of their ranks, shape (n,).

    >>> midranks(np.array([0.5, 0.1, 0.5])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, groups, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    shared: Floats = (last - (counts - 1) / 2)[groups]
    return shared


def place(truth: npt.NDArray[np.bool_], scores: Floats) -> Floats:
    """Return the share of the other class's images that each image is on the right side of, ties counting half.

    The mean over the images of either class is the AUROC (DeLong 1988, Biometrics 44:837-845).

    Args:
        truth: Whether each image is of the class, shape (n,), with both classes present.
        scores: The score of each image, higher for the class, shape (n,).
    """
    placements = np.empty(len(scores))
    for of_class, sign in ((truth, 1), (~truth, -1)):
        others = np.sort(sign * scores[~of_class])
        own = sign * scores[of_class]
        below = np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")
        placements[of_class] = below / (2 * len(others))
    return placements
