"""`Judged`: an evaluation with the images and probabilities that it rests on, to which parts and notes are added."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chestnut.data.columns import find_columns, read_columns
from chestnut.data.manifest import Manifest
from chestnut.data.overlap import Overlap
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.conformal import SetRule
from chestnut.evaluation.details.details import Predicted, compute_details
from chestnut.evaluation.metrics import Evaluation, evaluate
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.set_figures import SetFigures
from chestnut.inference.bundle import Bundle
from chestnut.inference.extras import Extras, judge_groups


@dataclass(frozen=True, eq=False)
class Judged:
    """An evaluation with the images and probabilities that it rests on.

    Attributes:
        evaluation: The figures.
        manifest: The images, in order.
        probabilities: Their probabilities, shape (n, classes).
        overlap: The images of another data set that the run knows; None for the run's own images.
    """

    evaluation: Evaluation
    manifest: Manifest
    probabilities: Floats
    overlap: Overlap | None

    def with_notes(self, *notes: str) -> Judged:
        """Return a copy with more notes; empty ones are left out."""
        told = (*self.evaluation.notes, *filter(None, notes))
        return replace(self, evaluation=replace(self.evaluation, notes=told))

    def with_groups(self, told: Manifest, by: tuple[str, ...]) -> Judged:
        """Return a copy with the figures of the groups of some columns, of a manifest that has these images."""
        place = {path: row for row, path in enumerate(told.paths)}
        columns = read_columns(told.take([place[path] for path in self.manifest.paths]), find_columns(told, by))
        found = judge_groups(self.manifest, self.probabilities, self.evaluation, columns)
        return replace(self, evaluation=replace(self.evaluation, subgroups=found))

    def with_details(self, extras: Extras) -> Judged:
        """Return a copy with the details of the evaluation."""
        judged = self.evaluation
        predicted = Predicted(
            self.manifest.targets,
            self.probabilities,
            self.manifest.patients,
            judged.classes,
            judged.positive,
            judged.threshold,
        )
        details = compute_details(predicted, extras.prevalence, extras.patients)
        return replace(self, evaluation=replace(judged, details=details))

    def with_sets(self, rule: SetRule, note: str) -> Judged:
        """Return a copy with the figures of prediction sets, and with a note on them if it is not empty."""
        owners = number_patients(self.manifest.patients)[0]
        figures = SetFigures.measure(rule, self.probabilities, self.manifest.targets, owners)
        noted = replace(figures, notes=[*figures.notes, *filter(None, [note])])
        return replace(self, evaluation=replace(self.evaluation, sets=noted))


def judge(
    manifest: Manifest,
    probabilities: Floats,
    bundle: Bundle,
    overlap: Overlap | None,
    threshold: float | None,
) -> Judged:
    """Evaluate probabilities, with notes on the images that the run knows and on a threshold that is not the run's.

    Args:
        manifest: The images, in order.
        probabilities: Their probabilities, shape (n, classes).
        bundle: The run's bundle.
        overlap: The images of another data set that the run knows; None for the run's own images.
        threshold: The least probability at which the positive class is decided; None for the run's own.
    """
    evaluation = evaluate(
        manifest.targets,
        probabilities,
        manifest.patients,
        bundle.classes,
        positive=bundle.positive,
        threshold=bundle.threshold if threshold is None else threshold,
    )
    judged = Judged(evaluation, manifest, probabilities, overlap)
    given = ""
    if threshold is not None:
        given = f"at the threshold {threshold:g} in place of the run's own {bundle.threshold:g}; the run stays as it is"
    return judged.with_notes(str(overlap or ""), given)
