"""`Ranking`: scores sorted once, from which AUROC and AUPRC of any weighting of patients follow exactly, ties included.

May be called by `tally`, `metrics` and `curves`; calls nothing but `intervals`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.intervals import Floats, Ints


@dataclass(frozen=True)
class Ranking:
    """Images from the highest score to the lowest; images of equal score form one group.

    Attributes:
        thresholds: The distinct scores, falling, shape (g,).
        owners: Patient number of each image, in rank order, shape (n,).
        truth: 1 where the image is of the class, else 0, in rank order, shape (n, 1).
        starts: Rank at which each group begins, shape (g,).
    """

    thresholds: Floats
    owners: Ints
    truth: Floats
    starts: Ints

    @classmethod
    def of(cls, truth: npt.ArrayLike, scores: npt.ArrayLike, owners: Ints) -> Ranking:
        """Sort images by score.

        Args:
            truth: Whether each image is of the class, shape (n,).
            scores: Scores, higher for the class, shape (n,).
            owners: Each image's patient number, shape (n,).
        """
        values = np.asarray(scores, dtype=np.float64)
        order = np.argsort(-values, kind="stable")
        falling = values[order]
        starts = np.flatnonzero(np.diff(falling, prepend=np.inf))
        return cls(falling[starts], owners[order], np.asarray(truth, dtype=np.float64)[order, None], starts)

    def weigh(self, counts: Floats) -> tuple[Floats, Floats]:
        """Weight of the positive and of the negative images of each group.

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
        """AUROC and AUPRC.

        AUROC is the share of pairs of a positive and a negative in which the positive scores higher, equal scores
        counting half (Hanley and McNeil 1982, Radiology 143:29-36). AUPRC is the average precision: the sum over groups
        of their share of the positives times the precision down to that group.

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
            found -= positive / 2
            auroc = np.einsum("gb,gb->b", negative, found) / (positives * negatives)
        return auroc, np.where(negatives > 0, auprc, np.nan)
