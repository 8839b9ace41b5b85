"""`Outcome`: which images a network got right, and the figures of any part of them, ready for intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.auroc import AurocVariance
from chestnut.evaluation.intervals.distributions import normal_quantile, t_quantile
from chestnut.evaluation.intervals.shares import Share, wilson
from chestnut.evaluation.patients import sum_by_patient

Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rate:
    """A share of images, such as sensitivity.

    Attributes:
        share: The share, and how many independent images it is worth.
        freedom: The degrees of freedom with which that number is known; None if each patient has one image.
    """

    share: Share
    freedom: int | None = None

    @classmethod
    def of(cls, right: Truth, owners: Ints) -> Rate:
        """Estimate the share of images that are right."""
        sizes = sum_by_patient(1, owners)[0]
        share = Share.of(sum_by_patient(right, owners)[0], sizes)
        return cls(share, max(int((sizes > 0).sum()) - 1, 1) if sizes.max() > 1 else None)

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return the ends that a difference is put together from: Wilson's, as exact ones would make it too wide.

        Where the number of independent images is estimated, it is made smaller by the square of the normal over the t
        quantile (Korn and Graubard 1998, Survey Methodology 24:193-201).
        """
        size = self.share.size
        if self.freedom is not None:
            upper = (1 + confidence) / 2
            size *= (float(normal_quantile(upper)) / float(t_quantile(upper, self.freedom))) ** 2
        low, high = wilson(self.share.value * size, size, confidence)
        return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a network made of n images.

    Attributes:
        right: Whether each image was decided correctly, shape (n,).
        owners: Each image's patient number, shape (n,).
        truth: Whether each image is of the positive class, shape (n,); None for more than two classes.
        scores: The probability of the positive class, shape (n,); None for more than two classes.
    """

    right: Truth
    owners: Ints
    truth: Truth | None = None
    scores: Floats | None = None

    def take(self, rows: Ints) -> Outcome:
        """Return the outcome of some of the images."""
        truth = None if self.truth is None else self.truth[rows]
        scores = None if self.scores is None else self.scores[rows]
        return Outcome(self.right[rows], self.owners[rows], truth, scores)

    @property
    def figures(self) -> dict[str, Rate | AurocVariance]:
        """The figures that are defined, each with what its interval is computed from."""
        found: dict[str, Rate | AurocVariance] = {}
        if self.truth is not None and self.scores is not None:
            if self.truth.any() and not self.truth.all():
                found["auroc"] = AurocVariance.of(self.truth, self.scores, self.owners)
            for name, rows in (("sensitivity", self.truth), ("specificity", ~self.truth)):
                if rows.any():
                    found[name] = Rate.of(self.right[rows], self.owners[rows])
        if len(self.right):
            found["accuracy"] = Rate.of(self.right, self.owners)
        return found

    def count(self, positive: bool | None = None) -> int:
        """Return the number of patients, or of those with an image of the positive class or of the other one."""
        if positive is None or self.truth is None:
            return len(np.unique(self.owners))
        return len(np.unique(self.owners[self.truth == positive]))
