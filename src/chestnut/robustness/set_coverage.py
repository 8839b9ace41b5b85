"""How often prediction sets contain the true class under each shift, for patients whom they were not fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.conformal import SetPlan, SetRule
from chestnut.evaluation.operating.choice import halves
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.set_figures import SetShares
from chestnut.robustness.shifts import PLAIN


@dataclass(frozen=True, eq=False)
class Calibration:
    """Validation images, divided in two halves by patient: each half is judged by sets fitted on the other.

    Attributes:
        plan: What the sets are to hold.
        classes: The class names in the order of the probabilities.
        targets: The class numbers, shape (n,).
        owners: Each image's patient number, shape (n,).
        second: Whether each image is in the second half, shape (n,).
    """

    plan: SetPlan
    classes: tuple[str, ...]
    targets: Ints
    owners: Ints
    second: npt.NDArray[np.bool_]

    @classmethod
    def divide(
        cls, plan: SetPlan, classes: Sequence[str], targets: Ints, patients: npt.ArrayLike, seed: int
    ) -> Calibration:
        """Divide the images, with patients of the last class in both halves alike.

        Args:
            plan: What the sets are to hold.
            classes: The class names.
            targets: The class numbers, shape (n,).
            patients: The patients' identities, shape (n,).
            seed: The seed of the division.

        Raises:
            DataError: A half has fewer patients than the coverage needs.
        """
        owners, count = number_patients(patients)
        second = halves(targets == len(classes) - 1, owners, seed)
        few = min(len(np.unique(owners[rows])) for rows in (second, ~second))
        if few < plan.patients:
            raise DataError(
                f"coverage={plan.coverage:g}: under shifts the sets are fitted on one half of the {count} validation "
                f"patients, and that takes {plan.patients} in each; give a lower coverage"
            )
        return cls(plan, tuple(classes), targets, owners, second)

    def judge(self, probabilities: Mapping[str, Floats]) -> dict[str, SetShares]:
        """Return the shares under each condition of sets that were fitted on the unchanged images of the other half.

        Args:
            probabilities: The probabilities under each condition, each of shape (n, classes); `plain` is one.
        """
        plain = probabilities[PLAIN.name]
        first, second = (
            SetRule.fit(self.plan, plain[rows], self.targets[rows], self.owners[rows], self.classes)
            for rows in (~self.second, self.second)
        )
        found = {}
        for name, values in probabilities.items():
            members = np.where(self.second[:, None], first.members(values), second.members(values))
            found[name] = SetShares.measure(members, self.targets, self.owners, self.classes)
        return found

    def judge_others(self, plain: Floats, others: Floats, targets: Ints, patients: npt.ArrayLike) -> SetShares:
        """Return the shares, on another data set, of sets that were fitted on all unchanged images.

        Args:
            plain: The probabilities of the unchanged validation images, shape (n, classes).
            others: The probabilities of the other images, shape (m, classes).
            targets: Their class numbers, shape (m,).
            patients: Their patients' identities, shape (m,).
        """
        rule = SetRule.fit(self.plan, plain, self.targets, self.owners, self.classes)
        return SetShares.measure(rule.members(others), targets, number_patients(patients)[0], self.classes)


@dataclass(frozen=True)
class ShiftedSets:
    """What became of the promise of prediction sets under shifts.

    Attributes:
        coverage: The share of new patients that the sets promise to cover.
        per_class: Whether they promise it for each class.
        conditions: The shares under each condition, `plain` first.
        external: The shares on another data set; None where none was given.
    """

    coverage: float
    per_class: bool
    conditions: dict[str, SetShares]
    external: SetShares | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the shares for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ShiftedSets:
        """Read what `to_dict` returned."""
        conditions = {name: SetShares.from_dict(one) for name, one in values["conditions"].items()}
        other = values["external"]
        external = None if other is None else SetShares.from_dict(other)
        return cls(values["coverage"], values["per_class"], conditions, external)

    def worst_first(self) -> ShiftedSets:
        """Return the same with the conditions in the order of their coverage, after `plain`."""

        def key(name: str) -> tuple[bool, float]:
            return name != PLAIN.name, self.conditions[name].covered.value or 0.0

        return replace(self, conditions={name: self.conditions[name] for name in sorted(self.conditions, key=key)})
