"""`PredictiveValues`: what a decision means where the disease is as common as one says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.shares import Share
from chestnut.evaluation.patients import sum_by_patient

#: The prevalences for which they are given where none is stated: from an outpatient clinic to a ward.
PREVALENCES = (0.05, 0.1, 0.3)
_DRAWS = 4000


@dataclass(frozen=True)
class PredictiveValues:
    """The predictive values at a prevalence.

    Attributes:
        prevalence: The share of positive images.
        precision: The share of those decided positive that are positive (PPV).
        npv: The share of those decided negative that are negative.
    """

    prevalence: float
    precision: Estimate
    npv: Estimate

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the attributes from JSON."""
        return cls(values["prevalence"], Estimate(**values["precision"]), Estimate(**values["npv"]))


def require_prevalence(prevalence: float) -> float:
    """Return a prevalence.

    Raises:
        DataError: It is not a share above 0 and below 1.
    """
    if not 0 < prevalence < 1:
        raise DataError(f"prevalence={prevalence:g}: give a share above 0 and below 1, such as 0.05")
    return float(prevalence)


def predictive_values(
    truth: npt.NDArray[np.bool_], decided: npt.NDArray[np.bool_], owners: Ints, prevalences: tuple[float, ...]
) -> tuple[PredictiveValues, ...]:
    """Compute predictive values by Bayes' rule from sensitivity and specificity.

    Their intervals come from draws of both (Mercaldo 2007, Statistics in Medicine 26:2170-2183, compares simpler ways):
    lower ends from the beta distributions of the lower exact limits, upper ends from those of the upper limits.

    Args:
        truth: Whether each image is positive, shape (n,); both classes must be present.
        decided: Whether each image is decided positive, shape (n,).
        owners: Each image's patient number, shape (n,).
        prevalences: The prevalences, each above 0 and below 1.

    >>> truth, decided = np.arange(200) >= 100, np.arange(200) >= 90
    >>> print(predictive_values(truth, decided, np.arange(200), (0.1,))[0].precision)
    0.526 (0.388–0.697)
    """
    shares = []
    for side in (truth, ~truth):
        right = sum_by_patient((decided == truth) & side, owners)[0]
        shares.append(Share.of(right, sum_by_patient(side, owners)[0]))
    generator = np.random.default_rng(0)
    low = [_draw(share, generator, upper=False) for share in shares]
    high = [_draw(share, generator, upper=True) for share in shares]
    values = [np.array([share.value]) for share in shares]

    def compute(prevalence: float) -> PredictiveValues:
        point, lower, upper = (_bayes(one, other, prevalence) for one, other in (values, low, high))
        figures = (_figure(float(one[0]), *ends) for one, *ends in zip(point, lower, upper, strict=True))
        return PredictiveValues(prevalence, *figures)

    return tuple(compute(prevalence) for prevalence in prevalences)


def _figure(value: float, lower: Floats, upper: Floats) -> Estimate:
    """Return a figure with its interval, from draws for the lower and for the upper end."""
    if np.isnan(value):
        return Estimate(None)
    tail = (1 - CONFIDENCE) / 2
    low, high = float(np.quantile(lower, tail)), float(np.quantile(upper, 1 - tail))
    return Estimate(value, min(low, value), max(high, value))


def _draw(share: Share, generator: np.random.Generator, *, upper: bool) -> Floats:
    """Draw from the distribution whose quantile is an exact limit; at the end of the range, the end itself."""
    hits, misses = share.value * share.size, max(share.size * (1 - share.value), 0.0)
    first, second = (hits + 1, misses) if upper else (hits, misses + 1)
    if first <= 0 or second <= 0:
        return np.full(_DRAWS, float(upper))
    return generator.beta(first, second, _DRAWS)


def _bayes(sensitivity: Floats, specificity: Floats, prevalence: float) -> tuple[Floats, Floats]:
    """Return positive and negative predictive values; NaN where nothing is decided so."""
    found, wrong = prevalence * sensitivity, (1 - prevalence) * (1 - specificity)
    passed, missed = (1 - prevalence) * specificity, prevalence * (1 - sensitivity)
    with np.errstate(divide="ignore", invalid="ignore"):
        return found / (found + wrong), passed / (passed + missed)
