"""`Influence`: what each patient contributes to the deviation of a figure, and the variance that follows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chestnut.evaluation.arrays import Floats

# An influence below this, relative to a figure of order 1, is rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Influence:
    """What each patient contributes to the deviation of a figure from its true value (Hampel 1974, JASA 69:383-393).

    Attributes:
        parts: The contribution of each patient, which sum to 0, shape (patients,).
        trials: The number of images of each patient that the figure is about, shape (patients,).
    """

    parts: Floats
    trials: Floats

    @classmethod
    def of(cls, sums: Floats, trials: Floats) -> Influence:
        """Return the influences on the mean of values.

        Args:
            sums: The sum of the values of each patient's trials, shape (patients,).
            trials: The number of trials of each patient, not all 0, shape (patients,).
        """
        total = trials.sum()
        return cls((sums - sums.sum() / total * trials) / total, trials)

    @cached_property
    def patients(self) -> int:
        """The number of patients that the figure is about."""
        return int(np.count_nonzero(self.trials))

    @cached_property
    def variance(self) -> float:
        """The variance of the figure between patients; 0 for one patient."""
        if self.patients < 2:
            return 0.0
        return self.patients / (self.patients - 1) * float((self.parts**2).sum())

    @cached_property
    def freedom(self) -> float:
        """How many patients of equal influence would know the variance as well; 0 where none has any."""
        squares = self.parts**2
        if self.patients < 2 or squares.max(initial=0) <= _ROUNDING**2:
            return 0.0
        return float(squares.sum() ** 2 / (squares**2).sum())


def shrink(influence: Influence, worst: float) -> float:
    """Return the variance of a figure, shrunk towards the one it would have if patients were right or wrong as a whole.

    Rare patients that are wrong in all their images are often not among a few, and then the variance between patients
    is too small. So the worst variance counts as one more degree of freedom; where all patients are right, or all
    wrong, it alone counts.

    Args:
        influence: What each patient contributes.
        worst: The variance if each patient were right or wrong as a whole.
    """
    return (influence.freedom * influence.variance + worst) / (influence.freedom + 1)


def whole_patients(trials: Floats) -> float:
    """Return how many independent trials there are if all those of one patient go alike (Kish 1965, Survey Sampling).

    >>> whole_patients(np.array([3.0, 3, 3])), round(whole_patients(np.array([7.0, 1, 1])), 2)
    (3.0, 1.59)
    """
    return float(trials.sum() ** 2 / (trials**2).sum())


def correlate(first: Influence, second: Influence) -> float:
    """Return the correlation of two figures, shrunk as `shrink` does: towards that of patients who go alike in both.

    Returns:
        A number in -1..1; 0 for figures of different patients.
    """
    shared = float(first.trials @ second.trials)
    alike = shared / np.sqrt(float(first.trials @ first.trials) * float(second.trials @ second.trials))
    freedom = min(first.freedom, second.freedom)
    if freedom == 0:
        return float(alike)
    lengths = np.sqrt(float(first.parts @ first.parts) * float(second.parts @ second.parts))
    return (freedom * float(first.parts @ second.parts) / float(lengths) + float(alike)) / (freedom + 1)
