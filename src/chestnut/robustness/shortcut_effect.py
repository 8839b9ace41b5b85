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
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.operating.choice import Truth
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.paired.means import mean_estimate, share_of
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.ranking_metrics import Ranking
from chestnut.robustness.shift_effects import Decision

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
        decision: How to decide classes.
    """
    owners, _ = number_patients(patients)
    plain, *_ = votes.values()
    against = decide(plain, 0.5, decision.positive) != targets
    columns = [decision.positive] if plain.shape[1] == 2 else [k for k in range(plain.shape[1]) if (targets == k).any()]
    right = decide(next(iter(probabilities.values())), decision.threshold, decision.positive) == targets
    agree, disagree = (
        _Part(rows, list(probabilities.values()), targets, owners, columns) for rows in (~against, against)
    )
    probe = {name: mean_area(values, targets, columns) for name, values in votes.items()}
    network = [mean_area(values, targets, columns) for values in probabilities.values()]
    hits = [Contributions.of_mean(right, owners, part.rows) for part in (agree, disagree)]
    return ShortcutEffect(
        probe,
        agree.group(right, averaged=decision.averaged),
        disagree.group(right, averaged=decision.averaged),
        difference_of(agree.area.less(disagree.area)).estimate,
        difference_of(hits[0].less(hits[1])).estimate,
        _spearman(list(probe.values())[1:], network[0] - np.array(network[1:])),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of the images: `rows`."""

    rows: Truth
    conditions: list[Floats]
    targets: Ints
    owners: Ints
    columns: list[int]

    @property
    def area(self) -> Contributions:
        """The AUROC on plain images."""
        plain, truth = self.conditions[0], self.targets
        return Contributions.mean_of(
            [Contributions.of_auroc(truth == k, plain[:, k], self.owners, self.rows) for k in self.columns]
        )

    def group(self, right: Truth, *, averaged: bool) -> Group:
        plain, *shifted = (self._estimate(values) for values in self.conditions)
        accuracy = share_of(right, self.owners, self.rows)
        return Group(int(self.rows.sum()), plain, accuracy, mean_estimate(shifted) if averaged else None)

    def _estimate(self, values: Floats) -> Estimate:
        rows, truth = self.rows, self.targets
        if not rows.any():
            return Estimate(None)
        areas = [auroc_estimate(truth[rows] == k, values[rows, k], self.owners[rows]) for k in self.columns]
        return mean_estimate(areas)


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
