"""`Extras`: what an evaluation is to compute beside the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chestnut.data.columns import find_columns
from chestnut.data.manifest import Manifest
from chestnut.data.sources.attach import attach_attributes
from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.conformal import SetPlan
from chestnut.evaluation.details.patient_level import Rule
from chestnut.evaluation.details.predictive_values import require_prevalence
from chestnut.evaluation.grouping import Grouping
from chestnut.evaluation.metrics import Evaluation, decide
from chestnut.evaluation.outcome import Outcome
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.subgroups import Subgroups, compare_groups


@dataclass(frozen=True)
class Extras:
    """What an evaluation is to compute beside the metrics.

    Attributes:
        sets: What prediction sets are to hold, to measure them too; None for no sets.
        by: The columns by whose groups the images are judged.
        attributes: A table with such columns; None where the images have them already.
        prevalence: The share of positive images, above 0 and below 1, for which predictive values and the decision
            curve are computed; None for some usual ones, and for the sample's own.
        patients: How the probabilities of a patient's images become the patient's: `mean` or `any`.
    """

    sets: SetPlan | None = None
    by: tuple[str, ...] = ()
    prevalence: float | None = None
    patients: Rule = "mean"
    attributes: Path | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before images are read.

        Raises:
            DataError: The prevalence is not a share above 0 and below 1, or there are attributes and no columns.
        """
        if self.attributes is not None and not self.by:
            raise DataError(
                f"attributes={self.attributes}: they are for judging groups; name the columns too, as in by=age"
            )
        if self.prevalence is not None:
            require_prevalence(self.prevalence)

    def describe(self, manifest: Manifest) -> Manifest:
        """Return images with the attributes by which they are to be judged.

        Raises:
            DataError: The table of attributes cannot be used, or there is no column of a name.
        """
        told = manifest if self.attributes is None else attach_attributes(manifest, self.attributes)
        find_columns(told, self.by)
        return told


#: Nothing beside the metrics.
NO_EXTRAS = Extras()


def judge_groups(
    manifest: Manifest, probabilities: Floats, evaluation: Evaluation, columns: Mapping[str, Sequence[str]]
) -> tuple[Subgroups, ...]:
    """Return the figures of the groups of some columns; none where there are no columns.

    Args:
        manifest: The images.
        probabilities: Their probabilities, shape (n, classes).
        evaluation: The evaluation of all images, with the positive class and its threshold.
        columns: The cell of each image in each column.
    """
    owners = number_patients(manifest.patients)[0]
    groupings = [Grouping.of(name, cells, owners) for name, cells in columns.items()]
    return compare_groups(groupings, _outcome(manifest, probabilities, evaluation))


def _outcome(manifest: Manifest, probabilities: Floats, evaluation: Evaluation) -> Outcome:
    owners, targets = number_patients(manifest.patients)[0], manifest.targets
    if evaluation.positive is None or evaluation.threshold is None:
        return Outcome(np.asarray(probabilities.argmax(axis=1) == targets), owners)
    number = evaluation.classes.index(evaluation.positive)
    right = decide(probabilities, evaluation.threshold, number) == targets
    return Outcome(right, owners, targets == number, probabilities[:, number])
