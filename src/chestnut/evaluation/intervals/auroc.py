"""The interval of an AUROC of images that come from patients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import require_finite
from chestnut.evaluation.intervals.bisection import find_edge
from chestnut.evaluation.intervals.distributions import beta_quantile, normal_quantile, t_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.influence import Influence
from chestnut.evaluation.patients import sum_by_patient
from chestnut.evaluation.ranking_metrics import midranks, place


@dataclass(frozen=True)
class _Class:
    """The images of one class.

    Attributes:
        sizes: The number of images of each patient, shape (patients,).
        excess: The summed placements of each patient's images, minus what the AUROC leads one to expect.
    """

    sizes: Floats
    excess: Floats

    @classmethod
    def of(cls, deviations: Floats, weights: Floats, of_class: npt.NDArray[np.bool_], owners: Ints) -> _Class:
        """Sum over the images of each patient; a mean weight counts as 1."""
        excess = sum_by_patient(deviations * of_class, owners)[0] / float(weights[of_class].mean())
        return cls(sum_by_patient(of_class, owners)[0], excess)

    @property
    def images(self) -> float:
        return float(self.sizes.sum())

    @property
    def patients(self) -> int:
        return int(np.count_nonzero(self.sizes))

    @property
    def variance(self) -> float:
        """The part of the AUROC's variance that this class causes; NaN for one patient."""
        if self.patients < 2:
            return math.nan
        return self.patients / (self.patients - 1) * float((self.excess**2).sum()) / self.images**2

    def size(self, correlation: float) -> float:
        """Return how many independent images these are worth, if those of one patient correlate so."""
        return self.images**2 / float((self.sizes * (1 + (self.sizes - 1) * correlation)).sum())


@dataclass(frozen=True)
class AurocVariance:
    """An AUROC, and what its interval is computed from.

    Attributes:
        area: The AUROC, in 0..1.
        influence: What each patient contributes to its deviation from the true value.
        variance: The variance of the AUROC between patients (Obuchowski 1997, Biometrics 53:567-578); NaN where a class
            has one patient.
        freedom: Its degrees of freedom (Satterthwaite 1946, Biometrics Bulletin 2:110-114).
        patients: The number of patients of the class, and of the others.
        sizes: How many independent images these are worth, by the correlation within patients that is taken.
        fewest: How many they are worth if images of one patient were all alike.
    """

    area: float
    influence: Influence
    variance: float
    freedom: float
    patients: tuple[int, int]
    sizes: tuple[float, float]
    fewest: tuple[float, float]

    @classmethod
    def of(
        cls, truth: npt.NDArray[np.bool_], scores: Floats, owners: Ints, weights: Floats | None = None
    ) -> AurocVariance:
        """Compare every positive image with every negative one, in O(n log n).

        Args:
            truth: Whether each image is of the class, shape (n,), with both classes present.
            scores: The score of each image, higher for the class, shape (n,); or, with weights, its placement.
            owners: Each image's patient number, shape (n,).
            weights: With how many images each is compared, where that is not all of the other class, shape (n,).
        """
        placements = place(truth, scores) if weights is None else scores
        each = np.ones(len(scores)) if weights is None else weights
        area = float(np.average(placements[truth], weights=each[truth]))
        deviations = (placements - area) * each
        classes = (_Class.of(deviations, each, truth, owners), _Class.of(deviations, each, ~truth, owners))
        one, two = classes
        patients = int(np.count_nonzero(one.sizes + two.sizes))
        shared = float((one.excess * two.excess).sum()) / (one.images * two.images)
        variance = one.variance + two.variance + 2 * patients / max(patients - 1, 1) * shared
        parts = [(part.variance, part.patients - 1) for part in classes]
        squares = sum(part**2 / freedom for part, freedom in parts if freedom)
        correlation = (1 + _correlation(truth, scores, owners)) / 2
        return cls(
            area=area,
            influence=Influence(one.excess / one.images + two.excess / two.images, one.sizes + two.sizes),
            variance=math.nan if math.isnan(variance) else max(variance, 0.0),
            freedom=(one.variance + two.variance) ** 2 / squares if squares > 0 else math.nan,
            patients=(one.patients, two.patients),
            sizes=(one.size(correlation), two.size(correlation)),
            fewest=(one.size(1), two.size(1)),
        )

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the ends of the interval; see `auroc_estimate`."""
        tail = (1 - confidence) / 2
        inside = 0 < self.area < 1
        scale = max(1.0, self.variance / self._variance_at(self.area)) if inside and self.variance > 0 else 1.0
        reach = float(t_quantile(1 - tail, max(sum(self.patients) - 2, 1))) * math.sqrt(scale)
        low, high = (self._solve(end, reach) if self.area != end else end for end in (0.0, 1.0))
        guard = self._guard(tail) if inside else (low, high)
        return min(low, self.area, guard[0]), max(high, self.area, guard[1])

    def _variance_at(self, area: float) -> float:
        """Return the variance of an AUROC of that true value (Newcombe 2006, Statistics in Medicine 25:559-573)."""
        one, two = self.sizes
        pairs = (1 - area) / (2 - area) + area / (1 + area)
        return area * (1 - area) / (one * two) * (1 + max((one + two) / 2 - 1, 0) * pairs)

    def _solve(self, end: float, reach: float) -> float:
        """Return the true value, between the area and an end of its range, from which the area is just in reach."""

        def in_reach(area: float) -> bool:
            return abs(self.area - area) <= reach * math.sqrt(self._variance_at(area))

        return find_edge(in_reach, self.area, end)[1]

    def _guard(self, tail: float) -> tuple[float, float]:
        """Return Jeffreys' interval of a share of as many trials as the variance between patients stands for."""
        one, two = self.fewest
        least = min(one, two)
        most = max(4 * one * two / (one + two), least)
        trials = least if math.isnan(self.variance) else most
        if self.variance > 0:
            freedom = math.inf if math.isnan(self.freedom) else self.freedom
            shrink = (float(normal_quantile(1 - tail)) / float(t_quantile(1 - tail, freedom))) ** 2
            trials = min(max(self.area * (1 - self.area) / self.variance * shrink, least), most)
        hits, misses = self.area * trials + 0.5, (1 - self.area) * trials + 0.5
        return float(beta_quantile(tail, hits, misses)), float(beta_quantile(1 - tail, hits, misses))


def auroc_estimate(
    truth: npt.ArrayLike, scores: npt.ArrayLike, owners: Ints, confidence: float = CONFIDENCE
) -> Estimate:
    """Return an AUROC with its interval.

    The interval contains every true value from which the observed one is in reach, with the variance that belongs to
    that true value (Newcombe 2006, method 5); so it has a width where all images are ordered correctly too. Images of
    one patient count for less by the correlation of their scores, taken half way to 1, because a few rare patients that
    are wrong as a whole are often not in the sample; and the variance is at least the one between patients (Obuchowski
    1997). It holds at least Jeffreys' interval of a share of the same variance.

    Args:
        truth: Whether each image is of the class, shape (n,).
        scores: The score of each image, higher for the class, shape (n,).
        owners: Each image's patient number, shape (n,).
        confidence: The coverage, in 0..1.

    Returns:
        The AUROC, ties counting half, with its interval; undefined where a class has no images.

    Raises:
        DataError: Shapes differ, or a score is NaN or infinite.

    >>> str(auroc_estimate([False] * 10 + [True] * 10, np.arange(20), np.arange(20)))
    '1.000 (0.775–1.000)'
    """
    of_class, values = np.asarray(truth, dtype=bool), require_finite(scores)
    if not of_class.shape == values.shape == owners.shape:
        shapes = f"truth of shape {of_class.shape}, scores {values.shape}, patients {owners.shape}"
        raise DataError(f"{shapes}; give one of each for every image")
    if of_class.all() or not of_class.any():
        return Estimate(None)
    found = AurocVariance.of(of_class, values, owners)
    return Estimate(found.area, *found.interval(confidence))


def place_within_folds(truth: npt.NDArray[np.bool_], scores: Floats, folds: Ints) -> tuple[Floats, Floats]:
    """Return the placements of images of which only those of one fold are compared with each other.

    The scores of different folds come from different classifiers, which may use different scales. The mean placement,
    with these weights, is the AUROC within folds; `AurocVariance.of` takes both.

    Args:
        truth: Whether each image is of the class, shape (n,).
        scores: The score of each image, higher for the class, shape (n,).
        folds: The fold of each image, shape (n,).

    Returns:
        The share of the images of the other class and of the same fold that each image is on the right side of; and
        their number, which is 0 where a fold lacks a class. Each of shape (n,).
    """
    placements, weights = np.full(len(scores), 0.5), np.zeros(len(scores))
    for fold in np.unique(folds):
        rows = folds == fold
        positive = truth[rows]
        if positive.any() and not positive.all():
            placements[rows] = place(positive, scores[rows])
            weights[rows] = np.where(positive, (~positive).sum(), positive.sum())
    return placements, weights


def _correlation(truth: npt.NDArray[np.bool_], scores: Floats, owners: Ints) -> float:
    """Return the correlation of the scores of one patient's images of one class, in 0..1.

    It is the intraclass correlation of normal scores by analysis of variance (Donner 1986, International Statistical
    Review 54:67-82), with the sums of squares of both classes pooled; 0 where no patient has two images of a class.
    """
    between = within = between_freedom = within_freedom = spread = 0.0
    for of_class in (truth, ~truth):
        own = scores[of_class]
        normal = normal_quantile((midranks(own) - 0.5) / len(own))
        _, numbers = np.unique(owners[of_class], return_inverse=True)
        sizes = np.bincount(numbers).astype(np.float64)
        means = np.bincount(numbers, normal) / sizes
        between += float((sizes * (means - normal.mean()) ** 2).sum())
        within += float(((normal - means[numbers]) ** 2).sum())
        between_freedom += len(sizes) - 1
        within_freedom += len(own) - len(sizes)
        spread += len(own) - float((sizes**2).sum()) / len(own)
    if not between_freedom or not within_freedom:
        return 0.0
    size = spread / between_freedom
    above, below = between / between_freedom, within / within_freedom
    total = above + (size - 1) * below
    return float(np.clip((above - below) / total, 0, 1)) if total > 0 else 0.0
