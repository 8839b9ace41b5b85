"""`SetRule`: which classes an image may have, such that the true one is among them with a stated coverage.

This is split conformal prediction by patient. Calibration images of known class say how little probability the true
class can get; a class whose probability is at least that much belongs to an image's set. The probability itself is the
score, which gives the smallest sets on average (Sadinle, Lei and Wasserman 2019, JASA 114:223-234); of two classes, any
other score that rises with the probability gives the same sets.

Images of one patient are not independent, but patients are exchangeable. So each calibration patient weighs 1/(K+1),
which is shared by the patient's images, and the remaining 1/(K+1) counts as a miss (Lee, Barber and Willett 2023,
arXiv:2306.06342, hierarchical conformal prediction; Dunn, Wasserman and Ramdas 2023, JASA 118:2491-2502). What holds
is then exact for any number of patients and of images of each: for a random image of a new patient of the same source,
the set contains the true class with a probability of at least the coverage, on average over calibration samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints

#: Sums of shares of patients that should be equal differ by less than this.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SetPlan:
    """What prediction sets are to hold.

    Attributes:
        coverage: The share of new patients, above 0 and below 1, for whose image the set contains the true class.
        per_class: Whether the coverage is to hold for the patients of each class, and not only for all together.

    Raises:
        DataError: The coverage is not between 0 and 1.
    """

    coverage: float
    per_class: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.coverage < 1:
            raise DataError(f"coverage={self.coverage:g}: give a share above 0 and below 1, such as 0.9")

    @classmethod
    def of(cls, coverage: float | None, per_class: bool) -> SetPlan | None:
        """Return the plan that a caller asks for; None if no coverage is given.

        Raises:
            DataError: The coverage is not between 0 and 1, or is missing although sets are wanted for each class.
        """
        if coverage is None and per_class:
            raise DataError("per_class=True: give the coverage that each class is to have too, such as coverage=0.9")
        return None if coverage is None else cls(coverage, per_class)

    @property
    def patients(self) -> int:
        """The least number of calibration patients with which the coverage is possible without naming every class.

        >>> SetPlan(0.9).patients, SetPlan(0.95).patients
        (9, 19)
        """
        return max(1, math.ceil(1 / (1 - self.coverage) - 1 - _ROUNDING))


@dataclass(frozen=True)
class SetRule:
    """Which classes belong to an image's set.

    Attributes:
        plan: What the sets hold.
        classes: The class names in the order of the probabilities.
        least: The least probability with which each class belongs to a set; 0 where it always does.
        images: The number of calibration images.
        patients: The number of calibration patients that each class's least probability rests on.
        alone: The share of calibration patients whom the likeliest class alone would cover, if no calibration image
            gets a second one; otherwise None.
    """

    plan: SetPlan
    classes: tuple[str, ...]
    least: tuple[float, ...]
    images: int
    patients: tuple[int, ...]
    alone: float | None = None

    @classmethod
    def fit(
        cls, plan: SetPlan, probabilities: Floats, targets: npt.ArrayLike, owners: Ints, classes: Sequence[str]
    ) -> SetRule:
        """Fit the rule to calibration images, which trained neither the network nor anything else that is judged by it.

        Args:
            plan: What the sets are to hold.
            probabilities: The probability of each class, shape (n, classes).
            targets: The class numbers, shape (n,).
            owners: Each image's patient number, shape (n,).
            classes: The class names in the order of the probabilities.

        Raises:
            DataError: There are fewer patients than the coverage needs, so that every set would name every class.
        """
        numbers = np.asarray(targets, dtype=np.int64)
        owners = np.asarray(owners, dtype=np.int64)
        values = np.asarray(probabilities, dtype=np.float64)
        own = values[np.arange(len(numbers)), numbers]
        chosen = [numbers == number for number in range(len(classes))]
        if not plan.per_class:
            chosen = [np.ones(len(numbers), dtype=bool)] * len(classes)
        patients = tuple(len(np.unique(owners[rows])) for rows in chosen)
        if max(patients) < plan.patients:
            raise DataError(_describe_too_few(plan, max(patients)))
        least = tuple(least_probability(own[rows], owners[rows], plan.coverage) for rows in chosen)
        rule = cls(plan, tuple(classes), least, len(numbers), patients)
        if (rule.members(values).sum(axis=1) > 1).any():
            return rule
        return replace(rule, alone=_share_of_patients(own == values.max(axis=1), owners))

    def members(self, probabilities: Floats) -> npt.NDArray[np.bool_]:
        """Tell which classes belong to the set of each image.

        The likeliest class always does, so that no set is empty: an empty one would look like a statement about the
        image, and arises only because the network is right more often than the coverage asks.

        Args:
            probabilities: The probability of each class, shape (n, classes).

        Returns:
            Shape (n, classes).
        """
        values = np.asarray(probabilities, dtype=np.float64)
        members: npt.NDArray[np.bool_] = values >= np.array(self.least)
        members |= values == values.max(axis=1, keepdims=True)
        return members

    def name(self, probabilities: Floats) -> list[tuple[str, ...]]:
        """Return the names of the classes in the set of each image.

        >>> rule = SetRule(SetPlan(0.9), ("NORMAL", "PNEUMONIA"), (0.2, 0.2), 100, (50, 50))
        >>> rule.name(np.array([[0.9, 0.1], [0.7, 0.3]]))
        [('NORMAL',), ('NORMAL', 'PNEUMONIA')]
        """
        return [
            tuple(name for name, member in zip(self.classes, row, strict=True) if member)
            for row in self.members(probabilities)
        ]

    @property
    def unlimited(self) -> tuple[str, ...]:
        """The classes with too few calibration patients, which belong to every set."""
        if not self.plan.per_class:
            return ()
        return tuple(
            name for name, count in zip(self.classes, self.patients, strict=True) if count < self.plan.patients
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the rule, in sentences."""
        found = []
        if self.alone is not None:
            found.append(
                f"the likeliest class alone is right for {100 * self.alone:.1f} % of the calibration patients, enough "
                "for this coverage, so every set names one class; a higher coverage shows where the network is unsure"
            )
        if self.unlimited:
            counts = dict(zip(self.classes, self.patients, strict=True))
            few = " and ".join(f"{name} ({counts[name]} patients)" for name in self.unlimited)
            found.append(
                f"every set contains {few}: a coverage of {self.plan.coverage:g} for a class needs calibration images "
                f"of {self.plan.patients} patients of it"
            )
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule for JSON."""
        return {
            "coverage": self.plan.coverage,
            "per_class": self.plan.per_class,
            "least": dict(zip(self.classes, self.least, strict=True)),
            "calibration_images": self.images,
            "calibration_patients": dict(zip(self.classes, self.patients, strict=True)),
            "notes": list(self.notes),
        }


def least_probability(own: Floats, owners: Ints, coverage: float) -> float:
    """Return the least probability of the true class that is still within the coverage, each patient weighing alike.

    Args:
        own: The probability of each image's true class, shape (n,).
        owners: Each image's patient number, shape (n,).
        coverage: Above 0 and below 1.

    Returns:
        The greatest of the probabilities such that the patients below it, and one more, are at most `1 - coverage` of
        the patients and one more; 0 if there is none, because there are too few patients.

    >>> least_probability(np.arange(1, 20) / 20, np.arange(19), 0.9)
    0.1
    """
    if not len(own):
        return 0.0
    _, numbers, sizes = np.unique(owners, return_inverse=True, return_counts=True)
    spare = (1 - coverage) * (len(sizes) + 1) - 1
    if spare < -_ROUNDING:
        return 0.0
    order = np.argsort(own)
    values = own[order]
    mass = np.concatenate([[0.0], np.cumsum(1 / sizes[numbers[order]])])
    below = mass[np.searchsorted(values, values)]
    return float(values[below <= spare + _ROUNDING].max())


def _share_of_patients(hits: npt.NDArray[np.bool_], owners: Ints) -> float:
    """Return the mean over patients of the share of hits among their images."""
    _, numbers, sizes = np.unique(owners, return_inverse=True, return_counts=True)
    return float((np.bincount(numbers, hits) / sizes).mean())


def _describe_too_few(plan: SetPlan, patients: int) -> str:
    most = math.floor(1000 * patients / (patients + 1) + _ROUNDING) / 1000
    of = " of a class" if plan.per_class else ""
    advice = f"give at most {most:g}" if most else "validate on more patients"
    return (
        f"coverage={plan.coverage:g}: that takes calibration images of {plan.patients} patients{of}, and there are "
        f"{patients}; {advice}"
    )
