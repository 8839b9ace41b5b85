"""`Decision`: what a network decided about an image, and which training images it sees like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chestnut.mistakes.evaluated import Evaluated
from chestnut.mistakes.neighbours import Neighbourhood


@dataclass(frozen=True)
class Decision:
    """A decision on an image.

    Attributes:
        path: The image.
        patient: Its patient.
        label: Its class.
        decision: The class that was decided.
        probability: The probability of the decided class.
        probability_label: The probability of the image's own class.
        margin: How far the decision is from another one, in logits; see `Evaluated.margins`.
        group: The number of its group among the mistakes on its class; None where it is in none.
        neighbourhood: The training images near it; None where they are not known.
        probabilities: The probability of each class.
    """

    path: str
    patient: str
    label: str
    decision: str
    probability: float
    probability_label: float
    margin: float
    group: int | None = None
    neighbourhood: Neighbourhood | None = None
    probabilities: dict[str, float] = field(default_factory=dict)

    @property
    def near_label(self) -> int | None:
        """How many of the nearest training images have the image's own class; None where they are not known."""
        return None if self.neighbourhood is None else self.neighbourhood.labels.get(self.label, 0)

    @property
    def note(self) -> str:
        """Which classes the nearest training images have, in a sentence; empty where they are not known."""
        if self.neighbourhood is None or not self.neighbourhood.counted:
            return ""
        counts = sorted(self.neighbourhood.labels.items(), key=lambda item: -item[1])
        told = " and ".join(f"{count} {'is' if count == 1 else 'are'} {name}" for name, count in counts)
        return f"Of the {self.neighbourhood.counted} nearest training images, {told}."


def list_decisions(
    evaluated: Evaluated,
    rows: Sequence[int],
    neighbourhoods: Mapping[int, Neighbourhood],
    groups: Mapping[int, int],
) -> tuple[Decision, ...]:
    """Return the decisions in some rows of an evaluation, in their order.

    Args:
        evaluated: The evaluation.
        rows: The rows.
        neighbourhoods: The training images near an image, by its row.
        groups: The number of the group of a mistake, by its row.
    """
    table = evaluated.table
    paths, patients, labels, decisions = (
        table.frame[name].tolist() for name in ("path", "patient", "label", "decision")
    )
    probabilities = table.probabilities
    return tuple(
        Decision(
            path=paths[row],
            patient=patients[row],
            label=labels[row],
            decision=decisions[row],
            probability=float(evaluated.of_decision[row]),
            probability_label=float(evaluated.of_label[row]),
            margin=float(evaluated.margins[row]),
            group=groups.get(row),
            neighbourhood=neighbourhoods.get(row),
            probabilities=dict(zip(table.classes, probabilities[row].tolist(), strict=True)),
        )
        for row in rows
    )
