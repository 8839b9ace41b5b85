"""`FixedPoint`: the sensitivity at a stated specificity, and the reverse, whose thresholds are themselves estimates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.details.rates import Rates, count_reaching
from chestnut.evaluation.intervals.distributions import normal_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate

Rate = Literal["sensitivity", "specificity"]
#: The shares at which the other share is given.
FIXED = (0.9, 0.95, 0.99)
# Candidate thresholds: more of them would not move an end visibly.
_MOST = 160
_ROUNDING = 1e-9


@dataclass(frozen=True)
class FixedPoint:
    """The highest sensitivity at a least specificity, or the reverse.

    Attributes:
        fixed: What is stated: `sensitivity` or `specificity`.
        at: Its least value, in 0..1.
        threshold: The score from which images are decided positive there; None if only a threshold above all scores
            has so high a specificity.
        figure: The other of the two, with an interval that allows for the uncertainty of the threshold.
    """

    fixed: Rate
    at: float
    threshold: float | None
    figure: Estimate

    @property
    def name(self) -> Rate:
        """What `figure` is."""
        return "sensitivity" if self.fixed == "specificity" else "specificity"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the attributes from JSON."""
        return cls(values["fixed"], values["at"], values["threshold"], Estimate(**values["figure"]))


def fixed_points(truth: npt.NDArray[np.bool_], scores: Floats, owners: Ints) -> Iterator[FixedPoint]:
    """Yield the sensitivity at each specificity of `FIXED`, and then the reverse.

    Args:
        truth: Whether each image is positive, shape (n,); both classes must be present.
        scores: The score of each image, higher for the positive class, shape (n,).
        owners: Each image's patient number, shape (n,).

    >>> point = next(fixed_points(np.arange(200) >= 100, np.arange(200) / 200, np.arange(200)))
    >>> point.fixed, point.at, str(point.figure)
    ('specificity', 0.9, '1.000 (0.964–1.000)')
    """
    for at in FIXED:
        threshold, figure = _solve(truth, scores, owners, at)
        yield FixedPoint("specificity", at, None if math.isinf(threshold) else threshold, figure)
    for at in FIXED:
        # Mirrored, the images that score low are to be found, and those of the positive class are the others.
        threshold, figure = _solve(~truth, -scores, owners, at)
        below = scores[scores > -threshold] if math.isfinite(threshold) else scores
        yield FixedPoint("sensitivity", at, float(below.min()) if below.size else None, figure)


def _solve(truth: npt.NDArray[np.bool_], scores: Floats, owners: Ints, at: float) -> tuple[float, Estimate]:
    """Return the threshold from which the class is decided, and the sensitivity there with its interval.

    The interval is that of a profile: a sensitivity belongs to it if for some threshold the distance of the observed
    specificity from the stated one, and that of the observed sensitivity from the supposed one, squared and added, are
    within the square of the normal quantile (Owen 1990, Annals of Statistics 18:90-120). Both distances are exact ones
    of shares that count patients, so the interval has a width at the ceiling too.

    Where many scores are equal, the specificity leaps over the stated one. A threshold is then the lowest that reaches
    it if its own specificity is not too low, and that of the next lower threshold is not too high.
    """
    candidates, place = _candidates(truth, scores, owners, at)
    patients = int(owners.max()) + 1
    most = float(normal_quantile((1 + CONFIDENCE) / 2))
    sides = []
    for side in (~truth, truth):
        reaching = count_reaching(scores[side], owners[side], candidates, patients)
        trials = np.bincount(owners[side], minlength=patients).astype(np.float64)
        sides.append(Rates.of(reaching if side is truth else trials[:, None] - reaching, trials))
    passed, found = sides
    distances, short = passed.distances(at), passed.values < at
    below = np.append(0.0, np.where(short, 0.0, distances)[:-1])
    distances = np.maximum(np.where(short, distances, 0.0), below)
    near = distances <= most
    near[place] = True
    left = np.sqrt(np.maximum(most**2 - distances[near] ** 2, 0))
    low, high = Rates(found.values[near], found.sizes[near]).ends(_coverage(left))
    value = float(found.values[place])
    return float(candidates[place]), Estimate(value, float(min(low.min(), value)), float(max(high.max(), value)))


def _candidates(truth: npt.NDArray[np.bool_], scores: Floats, owners: Ints, at: float) -> tuple[Floats, int]:
    """Return thresholds about the one that reaches the specificity, in rising order, and the place of that one."""
    thresholds = np.append(np.unique(scores), np.inf)
    others = np.sort(scores[~truth])
    passed = np.searchsorted(others, thresholds, side="left") / len(others)
    reached = int(np.flatnonzero(passed >= at - _ROUNDING)[0])
    sizes = np.bincount(owners[~truth]).astype(np.float64)
    alike = sizes.sum() ** 2 / (sizes**2).sum()
    reach = 4 * math.sqrt(at * (1 - at) / alike) + 8 / alike
    inside = np.append(np.flatnonzero(np.abs(passed - at) <= reach), reached)  # of equal scores, none may be near
    first, last = max(inside.min() - 1, 0), min(inside.max() + 1, len(thresholds) - 1)
    chosen = np.unique(np.append(np.linspace(first, last, _MOST).astype(np.int64), reached))
    return thresholds[chosen], int(np.searchsorted(chosen, reached))


def _coverage(distance: Floats) -> Floats:
    from scipy import special

    return np.asarray(2 * special.ndtr(distance) - 1, dtype=np.float64)
