"""`PatientLevel`: figures with one row a patient in place of one an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.patients import sum_by_patient

Rule = Literal["mean", "any"]
#: How a patient's score comes from those of the images.
RULES: tuple[Rule, ...] = get_args(Rule)
_FIGURES = ("auroc", "sensitivity", "specificity", "accuracy")


@dataclass(frozen=True)
class PatientLevel:
    """Figures of patients. A patient is positive where any image is.

    Attributes:
        rule: `mean`, where a patient's score is the mean of the images' probabilities, or `any`, where it is the
            highest, so that a patient is decided positive where any image is.
        patients: The number of patients.
        positive: How many of them are positive.
        mixed: How many of them have images both of the class and of others.
        auroc: How often a positive patient scores above a negative one.
        sensitivity: The share of the positive patients that are decided positive.
        specificity: The share of the negative patients that are decided negative.
        accuracy: The share of patients decided correctly.
    """

    rule: Rule
    patients: int
    positive: int
    mixed: int
    auroc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    accuracy: Estimate

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the attributes from JSON."""
        counts = (values[name] for name in ("rule", "patients", "positive", "mixed"))
        return cls(*counts, *(Estimate(**values[name]) for name in _FIGURES))


def require_rule(rule: str) -> Rule:
    """Return a rule for patients.

    Raises:
        DataError: There is no such rule.
    """
    for known in RULES:
        if rule == known:
            return known
    raise DataError(f"patients={rule}: give mean or any")


def patient_scores(scores: Floats, owners: Ints, rule: Rule) -> Floats:
    """Return the score of each patient, shape (patients,).

    Args:
        scores: The score of each image, shape (n,).
        owners: Each image's patient number from 0, each number in use, shape (n,).
        rule: `mean` or `any`.

    >>> patient_scores(np.array([0.2, 0.6, 0.3]), np.array([0, 0, 1]), "any").tolist()
    [0.6, 0.3]
    """
    if rule == "mean":
        mean: Floats = sum_by_patient(scores, owners)[0] / sum_by_patient(1, owners)[0]
        return mean
    highest = np.full(int(owners.max()) + 1, -np.inf)
    np.maximum.at(highest, owners, scores)
    return highest


def patient_level(
    truth: npt.NDArray[np.bool_], scores: Floats, decided: npt.NDArray[np.bool_], owners: Ints, rule: Rule
) -> PatientLevel:
    """Judge patients.

    Args:
        truth: Whether each image is positive, shape (n,).
        scores: The probability of the positive class, shape (n,).
        decided: Whether each patient is decided positive, shape (patients,).
        owners: Each image's patient number from 0, each number in use, shape (n,).
        rule: How the scores of images become that of a patient.
    """
    images, positives = sum_by_patient(1, owners)[0], sum_by_patient(truth, owners)[0]
    sick = positives > 0
    numbers = np.arange(len(sick), dtype=np.int64)
    return PatientLevel(
        rule=rule,
        patients=len(sick),
        positive=int(sick.sum()),
        mixed=int((sick & (positives < images)).sum()),
        auroc=auroc_estimate(sick, patient_scores(scores, owners, rule), numbers),
        sensitivity=_share(decided[sick]),
        specificity=_share(~decided[~sick]),
        accuracy=_share(decided == sick),
    )


def _share(hits: npt.NDArray[np.bool_]) -> Estimate:
    return share_estimate(hits, np.arange(len(hits), dtype=np.int64)) if len(hits) else Estimate(None)
