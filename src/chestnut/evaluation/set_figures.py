"""`SetFigures`: how often prediction sets contain the true class, and how much they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.conformal import SetRule
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.shares import share_estimate

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SetShares:
    """How often sets contain the true class, and how often they have one class.

    Attributes:
        covered: The share of images whose set contains the true class; each patient weighs alike.
        covered_by_class: The same for the images of each class.
        single: The share of images whose set has one class.
    """

    covered: Estimate
    covered_by_class: dict[str, Estimate]
    single: Estimate

    @classmethod
    def measure(cls, members: Bools, targets: Ints, owners: Ints, classes: Sequence[str]) -> Self:
        """Measure sets.

        Args:
            members: Whether each class belongs to the set of each image, shape (n, classes), n at least 1.
            targets: The class numbers, shape (n,).
            owners: Each image's patient number, from 0, shape (n,).
            classes: The class names.
        """
        hits = members[np.arange(len(targets)), targets]
        return cls(
            covered=_over_patients(hits, owners, np.ones(len(targets), dtype=bool)),
            covered_by_class={
                name: _over_patients(hits, owners, targets == number) for number, name in enumerate(classes)
            },
            single=share_estimate(members.sum(axis=1) == 1, owners),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the attributes as JSON has them."""
        by_class = {label: Estimate(**one) for label, one in values["covered_by_class"].items()}
        return cls(Estimate(**values["covered"]), by_class, Estimate(**values["single"]))


@dataclass(frozen=True)
class SetFigures:
    """How good prediction sets are.

    Attributes:
        coverage: The share of new patients that the sets promise to cover.
        per_class: Whether they promise it for each class.
        least: The least probability with which each class belongs to a set; 0 where it always does.
        calibration_images: The number of images that the sets were fitted on.
        calibration_patients: The number of patients that the least probability of each class rests on.
        covered: The share of images whose set contains the true class. Each patient weighs alike, as in the promise.
        covered_by_class: The same for the images of each class.
        size: The mean number of classes in a set.
        single: The share of images whose set has one class.
        single_right: The share of those whose class is right.
        right_by_class: The same for the sets that name each class alone.
        sizes: The number of images by the number of classes in their set.
        outcomes: The number of images of each class whose set names it `alone`, names it `among` several, or has
            `missed` it.
        notes: What a reader must know, in sentences.
    """

    coverage: float
    per_class: bool
    least: dict[str, float]
    calibration_images: int
    calibration_patients: dict[str, int]
    covered: Estimate
    covered_by_class: dict[str, Estimate]
    size: Estimate
    single: Estimate
    single_right: Estimate
    right_by_class: dict[str, Estimate]
    sizes: dict[str, int]
    outcomes: dict[str, dict[str, int]]
    notes: list[str]

    @classmethod
    def measure(cls, rule: SetRule, probabilities: Floats, targets: npt.ArrayLike, owners: Ints) -> Self:
        """Measure the sets of images of known class.

        Args:
            rule: Which classes belong to a set.
            probabilities: The probability of each class, shape (n, classes), n at least 1.
            targets: The class numbers, shape (n,).
            owners: Each image's patient number, from 0, shape (n,).
        """
        members, truth = rule.members(probabilities), np.asarray(targets, dtype=np.int64)
        count = members.sum(axis=1)
        hits, single = members[np.arange(len(truth)), truth], count == 1
        numbers = list(enumerate(rule.classes))
        shares = SetShares.measure(members, truth, owners, rule.classes)
        return cls(
            **rule.to_dict(),
            covered=shares.covered,
            covered_by_class=shares.covered_by_class,
            size=_mean_size(count, owners, len(rule.classes)),
            single=shares.single,
            single_right=_share(hits, owners, single),
            right_by_class={name: _share(hits, owners, single & members[:, number]) for number, name in numbers},
            outcomes={
                name: _count_outcomes(hits[truth == number], single[truth == number]) for number, name in numbers
            },
            sizes={str(size): int((count == size).sum()) for size in range(1, len(rule.classes) + 1)},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON; the keys are the attributes, and an estimate is as in `Estimate.to_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned.

        Raises:
            KeyError: A key is missing, TypeError: or has another kind of content.
        """
        estimates = {name: Estimate(**values[name]) for name in ("covered", "size", "single", "single_right")}
        by_class = {
            name: {label: Estimate(**one) for label, one in values[name].items()}
            for name in ("covered_by_class", "right_by_class")
        }
        return cls(**{**values, **estimates, **by_class})


def _count_outcomes(hits: Bools, single: Bools) -> dict[str, int]:
    """Count the images of a class by what became of it."""
    found = {"alone": hits & single, "among": hits & ~single, "missed": ~hits}
    return {kind: int(rows.sum()) for kind, rows in found.items()}


def _share(hits: Bools, owners: Ints, rows: Bools) -> Estimate:
    """Estimate the share of hits among the images of some rows; undefined where there are none."""
    return share_estimate(hits[rows], owners[rows]) if rows.any() else Estimate(None)


def _over_patients(hits: Bools, owners: Ints, rows: Bools) -> Estimate:
    """Estimate the share of hits of a random image, among some rows, of a random patient."""
    if not rows.any():
        return Estimate(None)
    _, numbers, sizes = np.unique(owners[rows], return_inverse=True, return_counts=True)
    shares = np.minimum(np.bincount(numbers, hits[rows]) / sizes, 1)
    return share_estimate(shares, np.arange(len(shares)))


def _mean_size(count: Ints, owners: Ints, classes: int) -> Estimate:
    """Estimate the mean of sizes from 1 to the number of classes."""
    most = classes - 1
    found = share_estimate((count - 1) / most, owners)
    value, low, high = (None if end is None else 1 + most * end for end in (found.value, found.low, found.high))
    return Estimate(value, low, high)
