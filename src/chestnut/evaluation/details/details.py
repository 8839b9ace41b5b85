"""`Details`: the figures that a paper reports beside the table of metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.details.calibration_line import CalibrationLine, calibration_line
from chestnut.evaluation.details.decision_curve import DecisionCurve, decision_curve
from chestnut.evaluation.details.fixed_points import FixedPoint, fixed_points
from chestnut.evaluation.details.patient_level import PatientLevel, Rule, patient_level, patient_scores, require_rule
from chestnut.evaluation.details.predictive_values import (
    PREVALENCES,
    PredictiveValues,
    predictive_values,
    require_prevalence,
)
from chestnut.evaluation.patients import number_patients, sum_by_patient


@dataclass(frozen=True)
class ClassDetails:
    """The details of one class against the rest.

    Attributes:
        line: The calibration slope and intercepts.
        fixed_points: The sensitivity at fixed specificities, and the reverse.
        predictive_values: The predictive values at some prevalences.
        decision_curve: The net benefit at each threshold probability.
        patients: The figures with one row a patient.
    """

    line: CalibrationLine
    fixed_points: tuple[FixedPoint, ...]
    predictive_values: tuple[PredictiveValues, ...]
    decision_curve: DecisionCurve
    patients: PatientLevel

    @property
    def shape(self) -> tuple[tuple[tuple[str, float], ...], tuple[float, ...]]:
        """Which fixed points and prevalences there are."""
        points = tuple((point.fixed, point.at) for point in self.fixed_points)
        return points, tuple(one.prevalence for one in self.predictive_values)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the attributes from JSON."""
        return cls(
            CalibrationLine.from_dict(values["line"]),
            tuple(FixedPoint.from_dict(one) for one in values["fixed_points"]),
            tuple(PredictiveValues.from_dict(one) for one in values["predictive_values"]),
            DecisionCurve.from_dict(values["decision_curve"]),
            PatientLevel.from_dict(values["patients"]),
        )


@dataclass(frozen=True)
class Details:
    """What a paper reports beside the table of metrics.

    Attributes:
        prevalence: The prevalence that was stated for the decision curve and the predictive values; None for the
            sample's own, and for some usual ones.
        classes: The details of the positive class of two, or of each of more against the rest; classes without images,
            or with all of them, are left out.
    """

    prevalence: float | None
    classes: Mapping[str, ClassDetails]

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes for JSON, an `Estimate` as in an `Evaluation`."""
        return {
            "prevalence": self.prevalence,
            "classes": {name: asdict(found) for name, found in self.classes.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned.

        Raises:
            DataError: The values do not describe details.
        """
        try:
            classes = {name: ClassDetails.from_dict(found) for name, found in values["classes"].items()}
            if len({found.shape for found in classes.values()}) > 1:
                raise ValueError("the classes have different figures")
            return cls(values["prevalence"], classes)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise DataError(f"not the details of an evaluation ({error!r}); evaluate the run again") from error


@dataclass(frozen=True)
class Predicted:
    """Predictions and what is known of their images.

    Attributes:
        targets: Class numbers, shape (n,).
        probabilities: Shape (n, k), rows summing to 1.
        patients: Identities, shape (n,).
        classes: The k class names in the order of the probabilities.
        positive: The positive class of two; None for more.
        threshold: The least probability at which the positive class of two is decided; None for more.
    """

    targets: Ints
    probabilities: Floats
    patients: npt.NDArray[np.str_]
    classes: Sequence[str]
    positive: str | None
    threshold: float | None

    def decide(self, probabilities: Floats, number: int) -> npt.NDArray[np.bool_]:
        """Return whether a class is decided, shape (m,), for probabilities of shape (m, k)."""
        reached = probabilities.argmax(axis=1) == number
        return np.asarray(
            reached if self.threshold is None else probabilities[:, number] >= self.threshold, dtype=np.bool_
        )


def compute_details(predicted: Predicted, prevalence: float | None = None, patients: str = "mean") -> Details:
    """Compute the details of an evaluation.

    Args:
        predicted: The predictions.
        prevalence: The share of positive images, above 0 and below 1, for which to compute predictive values and the
            decision curve; None for some usual ones, and for the sample's own.
        patients: How the probabilities of images become that of a patient: `mean` or `any`.

    Raises:
        DataError: The prevalence is no such share, or there is no such rule for patients.
    """
    rule = require_rule(patients)
    stated = None if prevalence is None else require_prevalence(prevalence)
    owners, _ = number_patients(predicted.patients)
    shown = predicted.classes if predicted.positive is None else [predicted.positive]
    found = {}
    for name in shown:
        number = list(predicted.classes).index(name)
        of_class = predicted.targets == number
        if of_class.any() and not of_class.all():
            found[name] = _compute_class(predicted, number, owners, stated, rule)
    return Details(stated, found)


def _compute_class(predicted: Predicted, number: int, owners: Ints, stated: float | None, rule: Rule) -> ClassDetails:
    truth, scores = predicted.targets == number, predicted.probabilities[:, number]
    decided = predicted.decide(predicted.probabilities, number)
    return ClassDetails(
        line=calibration_line(truth, scores, owners),
        fixed_points=tuple(fixed_points(truth, scores, owners)),
        predictive_values=predictive_values(truth, decided, owners, PREVALENCES if stated is None else (stated,)),
        decision_curve=decision_curve(truth, scores, owners, stated),
        patients=patient_level(truth, scores, _decide_patients(predicted, number, owners, rule), owners, rule),
    )


def _decide_patients(predicted: Predicted, number: int, owners: Ints, rule: Rule) -> npt.NDArray[np.bool_]:
    """Return whether each patient is decided to be of the class: by the mean probabilities, or where any image is."""
    if rule == "any":
        decided: npt.NDArray[np.bool_] = (
            sum_by_patient(predicted.decide(predicted.probabilities, number), owners)[0] > 0
        )
        return decided
    means = [patient_scores(column, owners, "mean") for column in predicted.probabilities.T]
    return predicted.decide(np.stack(means, axis=1), number)
