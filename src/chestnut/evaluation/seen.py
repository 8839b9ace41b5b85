"""`Seen`: what a network says about images, and any metric of it as a sum over patients, to compare networks by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.paired.means import mean_estimate, share_of
from chestnut.evaluation.patient_tally import Tally, cross_entropy
from chestnut.evaluation.patients import sum_by_patient

Truth = npt.NDArray[np.bool_]

# Of more patients than this, the jackknife leaves out groups of them, so that its time stays within bounds.
_MOST_GROUPS = 400
_BLOCK = 64


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network says about images.

    Attributes:
        truth: Class numbers, shape (n,).
        probabilities: Shape (n, k).
        owners: Each image's patient number, shape (n,).
        threshold: The least probability at which the positive class of two is decided.
        positive: The number of the positive class of two.
    """

    truth: Ints
    probabilities: Floats
    owners: Ints
    threshold: float = 0.5
    positive: int = 1

    @property
    def decisions(self) -> Ints:
        """The decided class of each image, shape (n,)."""
        return decide(self.probabilities, self.threshold, self.positive)

    @property
    def views(self) -> list[int]:
        """The positive class of two, or each class of more that has images."""
        if self.probabilities.shape[1] == 2:
            return [self.positive]
        return [int(number) for number in np.unique(self.truth)]

    def estimate(self, name: str) -> Estimate:
        """Return a metric, one of `METRICS`, with its interval; of more than two classes, that of their mean."""
        if name == "accuracy":
            return share_of(self.decisions == self.truth, self.owners, np.ones(len(self.owners), dtype=bool))
        figure, views = self.figure(name), self.views
        if not np.isfinite(figure.value) or name not in ("auroc", "sensitivity", "specificity"):
            return difference_of(figure).estimate
        if name == "auroc":
            truths = [(self.truth == number, self.probabilities[:, number]) for number in views]
            return mean_estimate([auroc_estimate(truth, scores, self.owners) for truth, scores in truths])
        return mean_estimate([share_of(right, self.owners, rows) for right, rows in self._rows(name)])

    def figure(self, name: str) -> Contributions:
        """Return a metric, one of `METRICS`, with what each patient contributes to it."""
        views = self.views
        if len(views) == 1 and self.probabilities.shape[1] > 2 and name not in _OF_IMAGES:
            return Contributions.undefined(int(self.owners.max()) + 1)  # a mean over one class
        if name in _OF_IMAGES:
            return Contributions.of_mean(self._each(name), self.owners)
        if name == "auroc":
            return Contributions.mean_of(
                [
                    Contributions.of_auroc(self.truth == number, self.probabilities[:, number], self.owners)
                    for number in views
                ]
            )
        if name in _RATES:
            rates = [(right, rows) for kind in self._rates(name) for right, rows in self._rows(kind)]
            return Contributions.mean_of([Contributions.of_mean(right, self.owners, rows) for right, rows in rates])
        return self._jackknife(name)

    def _each(self, name: str) -> Floats:
        """Return the value of each image of which the metric is the mean."""
        if name == "accuracy":
            return np.asarray(self.decisions == self.truth, dtype=np.float64)
        if name == "loss":
            return cross_entropy(self.truth, self.probabilities)
        number = self.probabilities.shape[1]
        squares: Floats = (self.probabilities - np.eye(number)[self.truth]) ** 2
        errors: Floats = squares[:, self.positive] if number == 2 else squares.sum(axis=1)
        return errors

    def _rates(self, name: str) -> tuple[str, ...]:
        """Return the rates of which a metric is the mean."""
        if name != "balanced_accuracy":
            return (name,)
        return ("sensitivity", "specificity") if self.probabilities.shape[1] == 2 else ("sensitivity",)

    def _rows(self, kind: str) -> list[tuple[Truth, Truth]]:
        """Return which images are decided rightly, and which of them count, for the rate of each class."""
        wanted, decisions = kind == "sensitivity", self.decisions
        return [((decisions == number) == wanted, (self.truth == number) == wanted) for number in self.views]

    def _jackknife(self, name: str) -> Contributions:
        """Return the contributions to a metric from its values without each patient, or without a group of them."""
        groups = self.owners % _MOST_GROUPS
        tally = Tally.of(self.truth, self.probabilities, self.decisions, groups, self.positive)
        images = sum_by_patient(1, groups)[0]

        def figures(counts: Floats) -> Floats:
            found: Floats = tally.figures(counts)[0][name]
            return found

        count = len(images)
        counts = np.ones((count, count)) - np.eye(count)
        blocks = [figures(counts[:, start : start + _BLOCK]) for start in range(0, count, _BLOCK)]
        value = float(figures(np.ones((count, 1)))[0])
        smallest = float(np.bincount(self.truth)[np.unique(self.truth)].min()) / len(self.truth)
        return Contributions.of_jackknife(value, np.concatenate(blocks), images / images.sum(), smallest)


_OF_IMAGES = ("accuracy", "loss", "brier")
_RATES = ("sensitivity", "specificity", "balanced_accuracy")
