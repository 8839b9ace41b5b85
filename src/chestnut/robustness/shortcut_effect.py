"""Measure how far a shortcut explains what a network can do.

Two questions are asked: whether the network is worse on images whose shortcut contradicts the label, and whether, from
shift to shift, it loses most where the shortcut says least.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.resamples import bootstrap, estimate_of
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.operating.choice import Truth
from chestnut.evaluation.patients import number_patients, sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking
from chestnut.robustness.shift_effects import RESAMPLES, Decision

#: The least number of shifts for a rank correlation over them; with fewer it says nothing.
LEAST_SHIFTS = 10


@dataclass(frozen=True)
class Group:
    """The network on the images in which the shortcut's vote agrees with the label, or on those in which it does not.

    Attributes:
        images: The number of images.
        auroc: The network's AUROC on plain images; undefined where a class is missing.
        accuracy: The network's accuracy on plain images.
        shifted_auroc: The mean of the network's AUROC over the shifts; None where not all of them were made.
    """

    images: int
    auroc: Estimate
    accuracy: Estimate
    shifted_auroc: Estimate | None


@dataclass(frozen=True)
class ShortcutEffect:
    """How far a shortcut explains what a network can do.

    Attributes:
        probe: The shortcut's own AUROC on plain images and under each shift, by name.
        agree: The network on the images in which the shortcut votes for the label.
        disagree: The network on the images in which it votes for another class.
        auroc_loss: The network's AUROC where the shortcut agrees with the label, less that where it disagrees.
        accuracy_loss: The network's accuracy where the shortcut agrees with the label, less that where it disagrees.
        correlation: Spearman's rank correlation, over the shifts, of the shortcut's AUROC with the network's loss of
            AUROC; None where either does not vary, or where there are fewer than `LEAST_SHIFTS` shifts.
    """

    probe: dict[str, float]
    agree: Group
    disagree: Group
    auroc_loss: Estimate
    accuracy_loss: Estimate
    correlation: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the values JSON-ready, with the sentence."""
        return asdict(self) | {"sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """A sentence that says what all this means."""
        total, alone = self.agree.images + self.disagree.images, "Brightness and sharpness alone reach AUROC"
        if self.accuracy_loss.value is None:
            return f"{alone} {self.probe['plain']:.3f}, and contradict {self.disagree.images:,} of {total:,} labels."
        loss = f"accuracy is lower by {self.accuracy_loss}"
        if self.auroc_loss.value is not None:
            loss = f"AUROC is lower by {self.auroc_loss} and its accuracy by {self.accuracy_loss}"
        text = (
            f"{alone} {self.probe['plain']:.3f}; in the {self.disagree.images:,} of {total:,} images where they "
            f"contradict the label, the network's {loss} than in the others"
        )
        if self.correlation is None:
            return f"{text}."
        return (
            f"{text}; over the shifts, what is left of their AUROC has a rank correlation of {self.correlation:z.2f} "
            "with the network's loss (−1: it loses most where they tell least)."
        ).replace("of -", "of −")


def shortcut_effect(
    probabilities: Mapping[str, Floats],
    votes: Mapping[str, Floats],
    targets: Ints,
    patients: Any,
    decision: Decision,
) -> ShortcutEffect:
    """Compare a network with the shortcut, image by image and shift by shift.

    Args:
        probabilities: The network's probabilities under each condition, each of shape (n, k); the first condition is
            the plain images, the others are shifts.
        votes: The shortcut's probabilities under the same conditions.
        targets: Class numbers, shape (n,).
        patients: Patient identities, shape (n,).
        decision: How to decide classes and draw intervals.
    """
    owners, distinct = number_patients(patients)
    plain, *_ = votes.values()
    against = decide(plain, 0.5, decision.positive) != targets
    columns = [decision.positive] if plain.shape[1] == 2 else [k for k in range(plain.shape[1]) if (targets == k).any()]
    right = decide(next(iter(probabilities.values())), decision.threshold, decision.positive) == targets
    parts = [_Part.of(rows, probabilities, targets, owners, columns, right) for rows in (~against, against)]

    def figures(counts: Floats) -> Floats:
        both = np.stack([part.figures(counts) for part in parts])
        return np.concatenate([both[0], both[1], both[0, :2] - both[1, :2]])

    point = figures(np.ones((distinct, 1)))[:, 0]
    drawn = bootstrap(figures, distinct, len(owners), RESAMPLES, decision.seed)
    found = [estimate_of(float(value), sample) for value, sample in zip(point, drawn, strict=True)]

    def group(images: int, estimates: list[Estimate]) -> Group:
        return Group(images, estimates[0], estimates[1], estimates[2] if decision.averaged else None)

    probe = {name: mean_area(values, targets, columns) for name, values in votes.items()}
    network = [mean_area(values, targets, columns) for values in probabilities.values()]
    loss = network[0] - np.array(network[1:])
    return ShortcutEffect(
        probe,
        group(int((~against).sum()), found[:3]),
        group(int(against.sum()), found[3:6]),
        found[6],
        found[7],
        _spearman(list(probe.values())[1:], loss),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """The sums that the figures of some of the images are made of."""

    rankings: list[list[Ranking]]  # a list a condition, one a class
    hits: Floats
    images: Floats

    @classmethod
    def of(
        cls,
        rows: Truth,
        probabilities: Mapping[str, Floats],
        targets: Ints,
        owners: Ints,
        columns: list[int],
        right: Truth,
    ) -> _Part:
        rankings = [
            [Ranking.of(targets[rows] == column, values[rows, column], owners[rows]) for column in columns]
            for values in probabilities.values()
        ]
        return cls(rankings, sum_by_patient(right & rows, owners), sum_by_patient(rows, owners))

    def figures(self, counts: Floats) -> Floats:
        """Return AUROC and accuracy on plain images and the mean AUROC over the shifts, shape (3, b)."""
        if not self.images.any():
            return np.full((3, counts.shape[1]), np.nan)
        areas = np.array([[one.areas(counts)[0] for one in each] for each in self.rankings]).mean(axis=1)
        with np.errstate(invalid="ignore"):
            accuracy = (self.hits @ counts)[0] / (self.images @ counts)[0]
        return np.stack([areas[0], accuracy, areas[1:].mean(axis=0)])


def mean_area(values: Floats, targets: Ints, columns: list[int]) -> float:
    """Average the AUROC of some classes against the rest, without an interval.

    Args:
        values: Probabilities, shape (n, k).
        targets: Class numbers, shape (n,).
        columns: The classes.
    """
    alone, once = np.zeros(len(targets), dtype=np.int64), np.ones((1, 1))
    areas = [Ranking.of(targets == column, values[:, column], alone).areas(once)[0] for column in columns]
    return float(np.mean(areas))


def _spearman(first: list[float], second: Floats) -> float | None:
    ranks = pd.DataFrame({"first": first, "second": second}).rank()
    if len(ranks) < LEAST_SHIFTS or ranks.nunique().min() < 2:
        return None
    return float(np.corrcoef(ranks["first"], ranks["second"])[0, 1])
