"""Bands about ROC and precision-recall curves, which allow for the uncertainty of the threshold too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.details.rates import Rates, count_reaching
from chestnut.evaluation.intervals.distributions import normal_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE

#: The positions along the axis at which a band is computed.
GRID: Floats = np.linspace(0, 1, 101).round(2)

# Candidate thresholds: more of them would not move an end visibly.
_MOST = 200


@dataclass(frozen=True)
class Bands:
    """The shares of images at many thresholds, from which a band follows.

    At a position along the axis, a value belongs to the band if for some threshold the distance of the observed share
    from the position, and that of the observed value from the supposed one, squared and added, are within the square
    of the normal quantile (a profile: Owen 1990, Annals of Statistics 18:90-120). Both distances are exact ones of
    shares that count patients; so a band has a width where a curve is flat, too.

    Attributes:
        found: The sensitivity at each threshold.
        passed: The specificity.
        precise: The precision, at those thresholds that an image reaches.
    """

    found: Rates
    passed: Rates
    precise: Rates

    @classmethod
    def of(cls, truth: npt.NDArray[np.bool_], scores: Floats, owners: Ints) -> Self:
        """Count the images that reach each threshold.

        Args:
            truth: Whether each image is of the class, shape (n,), with both classes present.
            scores: The score of each image, higher for the class, shape (n,).
            owners: Each image's patient number, shape (n,).
        """
        thresholds = np.append(np.unique(scores), np.inf)
        chosen = np.unique(np.linspace(0, len(thresholds) - 1, _MOST).astype(np.int64))
        patients = int(owners.max()) + 1
        hits, alarms = (
            count_reaching(scores[side], owners[side], thresholds[chosen], patients) for side in (truth, ~truth)
        )
        positives, negatives = hits[:, :1], alarms[:, :1]  # all images reach the lowest score
        return cls(
            found=Rates.of(hits, positives),
            passed=Rates.of(negatives - alarms, negatives),
            precise=Rates.of(hits[:, :-1], (hits + alarms)[:, :-1]),
        )

    def sensitivity(self) -> tuple[Floats, Floats]:
        """Return the ends of the band of sensitivity at each false positive rate of `GRID`."""
        return _profile(self.passed, self.found, 1 - GRID)

    def precision(self) -> tuple[Floats, Floats]:
        """Return the ends of the band of precision at each recall of `GRID`."""
        known = Rates(self.found.values[:-1], self.found.sizes[:-1])
        # A recall of 0 has no precision: that of the first positive image is meant.
        return _profile(known, self.precise, np.maximum(GRID, known.values[known.values > 0].min() / 2))


def _profile(across: Rates, along: Rates, positions: Floats) -> tuple[Floats, Floats]:
    """Return the ends of what `along` may be where the true value of `across` is each position."""
    most = float(normal_quantile((1 + CONFIDENCE) / 2))
    ends = np.empty((2, len(positions)))
    for place, position in enumerate(positions):
        distances = across.distances(float(position))
        near = distances <= max(most, float(distances.min()))
        left = np.sqrt(np.maximum(most**2 - distances[near] ** 2, 0))
        low, high = Rates(along.values[near], along.sizes[near]).ends(_coverage(left))
        ends[:, place] = low.min(), high.max()
    return ends[0], ends[1]


def _coverage(distance: Floats) -> Floats:
    from scipy import special

    return np.asarray(2 * special.ndtr(distance) - 1, dtype=np.float64)
