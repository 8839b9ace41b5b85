"""Read the prediction sets of an evaluation for a report, and put their figures into words."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.evaluation.metrics import Evaluation
from chestnut.evaluation.set_figures import SetFigures
from chestnut.report.render import Picture, count, figure, list_figures, picture
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class SetsSection:
    """The prediction sets of an evaluation.

    Attributes:
        figures: The figures.
        drawing: The picture; None where it is missing.
    """

    figures: SetFigures
    drawing: Picture | None

    @property
    def promise(self) -> str:
        """What the sets promise and what became of it, in sentences."""
        found = self.figures
        whose = "of each class" if found.per_class else "in all"
        return (
            f"The classes that an image may have contain the true one for at least {found.coverage:g} of new patients "
            f"{whose}: that is the promise. Here they do for {found.covered}, each patient weighing alike. One class "
            f"is named for {_percent(found.single.value)} of the images, and it is right for {found.single_right} of "
            f"those; in the mean {figure(found.size.value, 2)} classes are named."
        )

    @property
    def spoken(self) -> str:
        """What the picture shows, in words."""
        covered = self.figures.covered_by_class or {"all": self.figures.covered}
        return f"Covered: {list_figures(covered.items())}; one class named: {self.figures.single}"

    @property
    def basis(self) -> str:
        """What the sets were fitted on."""
        counts = self.figures.calibration_patients
        if not self.figures.per_class:
            patients = count(max(counts.values()), "patient")
        else:
            patients = " and ".join(f"{count(number, 'patient')} with {name}" for name, number in counts.items())
        return f"Fitted on {count(self.figures.calibration_images, 'validation image')} of {patients}."


def read_sets(run: RunFolder, name: str, evaluation: Evaluation) -> SetsSection | None:
    """Read the prediction sets of an evaluation; None where it has none.

    Args:
        run: The run.
        name: The name of the evaluation.
        evaluation: Its figures.
    """
    if evaluation.sets is None:
        return None
    return SetsSection(evaluation.sets, picture(run.evaluation(name) / "sets.png"))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.3g} %"
