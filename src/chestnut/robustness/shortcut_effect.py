"""How far a shortcut explains what a network can do: images on which the two can be told apart, and shifts.

May be called by every room above `config`; calls `intervals`, `metrics` and `ranking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from chestnut.evaluation.intervals import (
    Estimate,
    Floats,
    Ints,
    bootstrap,
    estimate_of,
    number_patients,
    sum_by_patient,
)
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.ranking_metrics import Ranking
from chestnut.evaluation.thresholds import Truth
from chestnut.robustness.shift_effects import RESAMPLES, Decision


@dataclass(frozen=True)
class Group:
    """The images in which the shortcut's vote and the label agree, or those in which they do not.

    Attributes:
        images: How many there are.
        auroc: The network's on plain images; undefined where a class is lacking.
        accuracy: The network's on plain images.
        shifted_auroc: The network's in the mean over the shifts.
    """

    images: int
    auroc: Estimate
    accuracy: Estimate
    shifted_auroc: Estimate


@dataclass(frozen=True)
class ShortcutEffect:
    """What the shortcut has to do with the network.

    Attributes:
        probe: The shortcut's own AUROC on plain images and under each shift, by name.
        agree: Images in which the shortcut votes for the label.
        disagree: Images in which it votes for another class.
        auroc_loss: What the network's AUROC loses from the first to the second.
        accuracy_loss: What its accuracy loses.
        correlation: Spearman's, over the shifts, of the shortcut's AUROC with the network's loss of AUROC; None where
            either does not vary.
    """

    probe: dict[str, float]
    agree: Group
    disagree: Group
    auroc_loss: Estimate
    accuracy_loss: Estimate
    correlation: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the sentence."""
        return asdict(self) | {"sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """What all this means, in plain words."""
        total, alone = self.agree.images + self.disagree.images, "Brightness and sharpness alone reach AUROC"
        if self.accuracy_loss.value is None:
            return f"{alone} {self.probe['plain']:.3f}, and speak against {self.disagree.images:,} of {total:,} labels."
        said = (
            f"{alone} {self.probe['plain']:.3f}; in the {self.disagree.images:,} of "
            f"{total:,} images where they speak against the label the network loses {self.auroc_loss} of AUROC and "
            f"{self.accuracy_loss} of accuracy against the others"
        )
        if self.correlation is None:
            return f"{said}."
        return (
            f"{said}; over the shifts, what is left of their AUROC has a rank correlation of {self.correlation:.2f} "
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
        probabilities: The network's, by condition, each of shape (n, k); the first condition is the plain images.
        votes: The shortcut's, alike.
        targets: Class numbers, shape (n,).
        patients: Identities, shape (n,).
        decision: How classes are decided, and the seed of the resamples.
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
    probe = {name: mean_area(values, targets, columns) for name, values in votes.items()}
    network = [mean_area(values, targets, columns) for values in probabilities.values()]
    loss = network[0] - np.array(network[1:])
    return ShortcutEffect(
        probe,
        Group(int((~against).sum()), *found[:3]),
        Group(int(against.sum()), *found[3:6]),
        found[6],
        found[7],
        _spearman(list(probe.values())[1:], loss),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """What is summed of some of the images."""

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
        """AUROC and accuracy on plain images, and the mean AUROC over the shifts, shape (3, b)."""
        if not self.images.any():
            return np.full((3, counts.shape[1]), np.nan)
        areas = np.array([[one.areas(counts)[0] for one in each] for each in self.rankings]).mean(axis=1)
        with np.errstate(invalid="ignore"):
            accuracy = (self.hits @ counts)[0] / (self.images @ counts)[0]
        return np.stack([areas[0], accuracy, areas[1:].mean(axis=0)])


def mean_area(values: Floats, targets: Ints, columns: list[int]) -> float:
    """AUROC of some classes against the rest, averaged, without an interval.

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
    if len(ranks) < 3 or ranks.nunique().min() < 2:
        return None
    return float(np.corrcoef(ranks["first"], ranks["second"])[0, 1])
