"""`CalibrationLine`: logistic recalibration, which says in what way probabilities are wrong.

Where p is the probability of an image, the line is logit P(positive) = intercept + slope · logit p (Cox 1958,
Biometrika 45:562-565; Van Calster 2019, BMC Medicine 17:230). A slope below 1 means that probabilities are too extreme,
above 1 that they are too timid. Calibration in the large is the intercept of the line whose slope is 1: above 0, the
class is more common than the probabilities say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.bisection import find_edge
from chestnut.evaluation.intervals.distributions import t_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.patient_tally import CLIP
from chestnut.evaluation.patients import sum_by_patient

_STEPS = 200
_PRECISION = 1e-9
# An end is looked for up to this multiple of the standard error; the next one is _GROWTH times as far.
_FARTHEST, _GROWTH = 1e5, 1.8
# Below this weight, no image's outcome is in doubt any more.
_NOTHING = 1e-12


@dataclass(frozen=True)
class CalibrationLine:
    """The recalibration of the probabilities of one class.

    Attributes:
        slope: The slope; 1 is perfect. Undefined where a threshold separates the classes, or all probabilities are
            equal.
        intercept: The intercept of the same line; 0 is perfect.
        in_the_large: The intercept of the line with slope 1; 0 is perfect. Undefined where a class has no images.
    """

    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the attributes from JSON."""
        return cls(*(Estimate(**values[name]) for name in ("slope", "intercept", "in_the_large")))


def calibration_line(truth: npt.NDArray[np.bool_], probabilities: Floats, owners: Ints) -> CalibrationLine:
    """Fit the line, with intervals that count patients.

    Args:
        truth: Whether each image is of the class, shape (n,).
        probabilities: The probability of the class, shape (n,), in 0..1; clipped to the rounding of float32.
        owners: Each image's patient number, shape (n,).

    >>> truth = np.array([False, True, False, True, False, True])
    >>> calibration_line(truth, np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9]), np.arange(6)).slope.value.__round__(2)
    0.47
    """
    undefined = Estimate(None)
    if truth.all() or not truth.any():
        return CalibrationLine(undefined, undefined, undefined)
    clipped = np.clip(probabilities, CLIP, 1 - CLIP)
    logits = np.log(clipped / (1 - clipped))
    outcome, one = truth.astype(np.float64), np.ones(len(truth))
    large = _Parameter(outcome, owners, one, np.zeros(len(truth)), logits)
    shift = large.estimate(_solve(outcome, logits, one))
    if logits[truth].min() >= logits[~truth].max() or logits[truth].max() <= logits[~truth].min():
        return CalibrationLine(undefined, undefined, shift)
    intercept, slope = _fit(outcome, logits)
    nothing = np.zeros(len(truth))
    return CalibrationLine(
        _Parameter(outcome, owners, logits, one, nothing).estimate(slope),
        _Parameter(outcome, owners, one, logits, nothing).estimate(intercept),
        shift,
    )


@dataclass(frozen=True)
class _Parameter:
    """A parameter of a logistic model, beside another that is fitted anew for each value of it.

    Attributes:
        outcome: 1 for the images of the class, else 0, shape (n,).
        owners: Each image's patient number, shape (n,).
        column: What the parameter multiplies, shape (n,).
        other: What the other parameter multiplies, shape (n,); zeros where there is none.
        offset: What is added, shape (n,).
    """

    outcome: Floats
    owners: Ints
    column: Floats
    other: Floats
    offset: Floats

    def estimate(self, value: float) -> Estimate:
        """Return the fitted value with its interval; without one where the lower end is beyond all bounds.

        An end is where the score statistic, which stays sound near separation while Wald's interval does not, reaches
        its quantile (Rao 1948, Proc Camb Phil Soc 44:50-57). Its variance is that of independent images times a design
        effect, which is shrunk to its largest possible value as in `intervals.shares`.
        """
        residuals, weights, column = self._parts(value)
        information = float((weights * column**2).sum())
        if information <= _NOTHING:
            return Estimate(value)
        effect, reach = self._spread(residuals, weights, column, information)
        error = math.sqrt(effect / information)
        low, high = (self._end(value, error * side, reach * math.sqrt(effect)) for side in (-1, 1))
        if math.isinf(low):
            return Estimate(value)
        return Estimate(value, low, None if math.isinf(high) else high)

    def _parts(self, value: float) -> tuple[Floats, Floats, Floats]:
        """Return the residuals, the weights, and the column without its part along the other one."""
        start = self.offset + value * self.column
        chances = _expit(start + _solve(self.outcome, start, self.other) * self.other)
        weights = chances * (1 - chances)
        shared = float((weights * self.other**2).sum())
        along = float((weights * self.other * self.column).sum()) / shared if shared > 0 else 0.0
        return self.outcome - chances, weights, self.column - along * self.other

    def _statistic(self, value: float) -> float:
        residuals, weights, column = self._parts(value)
        score, information = float((residuals * column).sum()), float((weights * column**2).sum())
        return score / math.sqrt(max(information, _NOTHING))

    def _spread(self, residuals: Floats, weights: Floats, column: Floats, information: float) -> tuple[float, float]:
        """Return the design effect, and the quantile of the statistic.

        The quantile is Student's: between that of as many degrees of freedom as there are patients, where each has one
        image, and that of as many as effectively contribute, where images of one patient are alike.
        """
        patients = int(self.owners.max()) + 1
        squares = sum_by_patient(residuals * column, self.owners)[0] ** 2
        alike = sum_by_patient(np.sqrt(weights) * np.abs(column), self.owners)[0] ** 2
        largest = max(1.0, float(alike.sum()) / information)
        tail = (1 + CONFIDENCE) / 2
        effective = float(alike.sum() ** 2 / (alike**2).sum())
        least, most = (float(t_quantile(tail, max(count - 1, 1))) for count in (patients, effective))
        reach = math.sqrt(least**2 + max(most**2 - least**2, 0) * (1 - 1 / largest))
        if patients == 1 or squares.sum() <= _NOTHING:
            return largest, reach
        observed = patients / (patients - 1) * float(squares.sum()) / information
        freedom = float(squares.sum() ** 2 / (squares**2).sum())
        return max(1.0, (freedom * observed + largest) / (freedom + 1)), reach

    def _end(self, value: float, step: float, reach: float) -> float:
        """Return the value, on the side of the step, at which the statistic is as large as its reach."""
        inside, outside = value, value + step
        while abs(self._statistic(outside)) < reach:
            if abs(outside - value) > _FARTHEST * abs(step):
                return math.copysign(math.inf, step)
            inside, outside = outside, value + (outside - value) * _GROWTH
        return find_edge(lambda value: abs(self._statistic(value)) < reach, inside, outside, 1e-6)[1]


def _expit(values: Floats) -> Floats:
    from scipy import special

    return np.asarray(special.expit(values), dtype=np.float64)


def _solve(outcome: Floats, offset: Floats, column: Floats) -> float:
    """Return the coefficient of a column that has most likelihood, by Newton's method between bounds."""
    found, low, high = 0.0, -math.inf, math.inf
    for _ in range(_STEPS):
        chances = _expit(offset + found * column)
        slope = float((column * (outcome - chances)).sum())
        bend = float((column**2 * chances * (1 - chances)).sum())
        step = min(max(slope / max(bend, _NOTHING), -4.0), 4.0)
        if abs(step) <= _PRECISION * (1 + abs(found)):
            break
        low, high = (found, high) if slope > 0 else (low, found)
        following = found + step
        found = following if low < following < high else (low + high) / 2
    return found


def _fit(outcome: Floats, logits: Floats) -> tuple[float, float]:
    """Return the intercept and the slope that have most likelihood; the classes must not be separable.

    For each slope the best intercept is found, so that one number is left to be sought.
    """
    low, high = -1.0, 2.0
    one = np.ones(len(outcome))

    def rising(slope: float) -> bool:
        start = slope * logits
        chances = _expit(start + _solve(outcome, start, one))
        return float((logits * (outcome - chances)).sum()) > 0

    while not rising(low):
        low *= 2
    while rising(high):
        high *= 2
    slope = sum(find_edge(rising, low, high, 1e-9)) / 2
    return _solve(outcome, slope * logits, one), slope
