"""`Contributions`: a figure, and what each patient contributes to it.

A mean over images, an AUROC, and every sum of such figures are sums over patients. So is the difference of two networks
on the same images, in which what is easy or hard for both cancels out. How much the patients' contributions differ says
how far the figure may be from its true value, however alike the images of one patient are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import require_finite
from chestnut.evaluation.patients import sum_by_patient
from chestnut.evaluation.ranking_metrics import place

# The patients that would differ and have not been seen: one each way for a mean, whose images differ by 1 at most, and
# half of that for each class of an AUROC. By simulation: see the tables of intervals.
_UNSEEN_OF_MEAN, _UNSEEN_OF_AUROC = 2.0, 0.5

# Student's distribution is for normal values. Placements are bounded, so the variance of an AUROC is known better: with
# the degrees of freedom of normal values the test errs less often than it may. These are by simulation, too: twice as
# many, but for those of a few patients.
_TIMES, _LESS = 2.0, 4.0


@dataclass(frozen=True)
class Noise:
    """A variance that has nothing to do with patients, such as that between seeds of training.

    Attributes:
        variance: The variance of the figure.
        freedom: Its degrees of freedom.
    """

    variance: float
    freedom: float


@dataclass(frozen=True, eq=False)
class Contributions:
    """A figure as a sum over patients, in groups of images such as the classes.

    Attributes:
        value: The figure; NaN where it is undefined, infinite where only its denominator is 0.
        parts: What each patient's images of each group contribute to the figure's deviation from its true value, shape
            (groups, patients).
        shares: The share of each patient in the images of each group, shape (groups, patients).
        unseen: How many typical patients of each group are taken to differ wholly, as long as none is seen to differ,
            shape (groups,).
        freedom: The degrees of freedom of the variance between the patients of each group, shape (groups,).
        noise: Variances beside that between patients.
    """

    value: float
    parts: Floats
    shares: Floats
    unseen: Floats
    freedom: Floats
    noise: tuple[Noise, ...] = ()

    @classmethod
    def of_mean(cls, values: npt.ArrayLike, owners: Ints, rows: npt.NDArray[np.bool_] | None = None) -> Self:
        """Return the contributions to the mean of a value over images.

        Args:
            values: The value of each image, shape (n,), such as whether it was decided correctly.
            owners: Each image's patient number, shape (n,).
            rows: The images to take, shape (n,); None for all.
        """
        each = require_finite(values, "values")
        some = np.ones(len(owners), dtype=bool) if rows is None else rows
        images = sum_by_patient(some, owners)
        total = images.sum()
        if not total:
            return cls.undefined(images.shape[1])
        mean = float(each[some].mean())
        parts = sum_by_patient(np.where(some, each - mean, 0), owners) / total
        shares = images / total
        return cls(mean, parts, shares, np.array([_UNSEEN_OF_MEAN]), _count_freedom(shares))

    @classmethod
    def of_auroc(
        cls,
        truth: npt.NDArray[np.bool_],
        scores: npt.ArrayLike,
        owners: Ints,
        rows: npt.NDArray[np.bool_] | None = None,
    ) -> Self:
        """Return the contributions to an AUROC (Obuchowski 1997, Biometrics 53:567-578).

        With one image for each patient they are the structural components of DeLong (1988, Biometrics 44:837-845).

        Args:
            truth: Whether each image is of the class, shape (n,).
            scores: The score of each image, higher for the class, shape (n,).
            owners: Each image's patient number, shape (n,).
            rows: The images to take, shape (n,); None for all.
        """
        values = require_finite(scores)
        some = np.ones(len(owners), dtype=bool) if rows is None else rows
        classes = (some & truth, some & ~truth)
        sizes = np.concatenate([sum_by_patient(one, owners) for one in classes])
        totals = sizes.sum(axis=1, keepdims=True)
        if not totals.all():
            return cls.undefined(sizes.shape[1])
        placements = np.zeros(len(owners))
        placements[some] = place(truth[some], values[some])
        area = float(placements[classes[0]].mean())
        sums = [sum_by_patient(np.where(one, placements - area, 0), owners) for one in classes]
        shares = sizes / totals
        freedom = _count_freedom(shares)
        return cls(
            area,
            np.concatenate(sums) / totals,
            shares,
            np.full(2, _UNSEEN_OF_AUROC),
            np.maximum(freedom, _TIMES * freedom - _LESS),
        )

    @classmethod
    def of_jackknife(cls, value: float, without: Floats, shares: Floats, smallest: float) -> Self:
        """Return the contributions to a figure of any kind, from its values without each patient.

        Args:
            value: The figure of all patients.
            without: The figure without each patient, shape (patients,).
            shares: The share of each patient in the images, shape (patients,).
            smallest: The share of the smallest class in the images, above 0: one of its patients weighs that much more.
        """
        if not (np.isfinite(value) and np.isfinite(without).all()):
            return replace(cls.undefined(len(without)), value=value)
        parts = (value - without) * (1 - shares)
        unseen = np.array([_UNSEEN_OF_MEAN / smallest**2])
        return cls(value, parts[None], shares[None], unseen, _count_freedom(shares[None]))

    @classmethod
    def undefined(cls, patients: int) -> Self:
        """Return a figure that has no value."""
        nothing = np.full((1, patients), np.nan)
        return cls(float("nan"), nothing, nothing, np.full(1, np.nan), np.ones(1))

    @classmethod
    def mean_of(cls, figures: Sequence[Self], weights: Sequence[float] | None = None) -> Self:
        """Return the contributions to the mean of figures of the same patients, such as those of several classes.

        Args:
            figures: One or more figures.
            weights: The weight of each, which sum to 1; None for equal ones.
        """
        first, *others = figures
        if not others:
            return first
        parts = np.full(len(figures), 1 / len(figures)) if weights is None else np.asarray(weights, dtype=np.float64)
        scaled = [one.scaled(float(weight)) for one, weight in zip(figures, parts, strict=True)]
        value, noise = sum(one.value for one in scaled), tuple(noise for one in scaled for noise in one.noise)
        if all(np.array_equal(one.shares, first.shares) for one in others):
            together: Floats = np.sum([one.parts for one in scaled], axis=0)
            return replace(first, value=float(value), parts=together, noise=noise)
        return cls(
            float(value),
            np.concatenate([one.parts for one in scaled]),
            np.concatenate([one.shares for one in scaled]),
            np.concatenate([one.unseen for one in scaled]),
            np.concatenate([one.freedom for one in scaled]),
            noise,
        )

    @classmethod
    def mean_of_repeats(cls, figures: Sequence[Self]) -> Self:
        """Return the contributions to the mean over trainings of one network, which differ by chance.

        The variance between the trainings is that of their figures, less what of it is due to these patients, since
        that is in the variance between patients already.
        """
        mean = cls.mean_of(figures)
        count = len(figures)
        if count == 1 or not np.isfinite(mean.value):
            return mean
        between = float(np.var([one.value for one in figures], ddof=1)) / count
        deviations = [np.sum(one.parts - mean.parts, axis=0) for one in figures]
        of_patients = float(np.sum(np.square(deviations))) / (count * (count - 1))
        return replace(mean, noise=(*mean.noise, Noise(max(0.0, between - of_patients), count - 1)))

    def __sub__(self, other: Contributions) -> Contributions:
        """Return the contributions to the difference from another figure of the same images."""
        with np.errstate(invalid="ignore"):  # between two infinite figures
            return replace(
                self,
                value=self.value - other.value,
                parts=self.parts - other.parts,
                shares=np.fmax(self.shares, other.shares),
                unseen=np.fmax(self.unseen, other.unseen),
                noise=(*self.noise, *other.noise),
            )

    def less(self, other: Contributions) -> Contributions:
        """Return the contributions to the difference from a figure of other images, of the same patients or not."""
        return replace(
            self,
            value=self.value - other.value,
            parts=np.concatenate([self.parts, -other.parts]),
            shares=np.concatenate([self.shares, other.shares]),
            unseen=np.concatenate([self.unseen, other.unseen]),
            freedom=np.concatenate([self.freedom, other.freedom]),
            noise=(*self.noise, *other.noise),
        )

    def scaled(self, factor: float, shift: float = 0.0) -> Contributions:
        """Return the contributions to a multiple of the figure, plus a constant."""
        return replace(
            self,
            value=factor * self.value + shift,
            parts=factor * self.parts,
            unseen=factor**2 * self.unseen,
            noise=tuple(Noise(factor**2 * one.variance, one.freedom) for one in self.noise),
        )


def _count_freedom(shares: Floats) -> Floats:
    """Return the degrees of freedom of the variance between patients, by their shares, shape (groups,); 1 at least.

    They are one less than the number of patients with equally many images (Satterthwaite 1946, Biometrics Bulletin
    2:110-114).
    """
    squares = shares**2
    freedom: Floats = np.maximum(squares.sum(axis=1) ** 2 / (squares**2).sum(axis=1) - 1, 1)
    return freedom
