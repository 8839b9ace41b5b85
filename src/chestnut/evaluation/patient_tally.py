"""`Tally`: sums over each patient's images, from which every metric follows for any weighting of the patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.calibration.error import Gaps
from chestnut.evaluation.patients import sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking

#: The rounding of float32 at 1: a network cannot express a probability more finely than this.
CLIP = float(np.finfo(np.float32).eps)


def cross_entropy(targets: Ints, probabilities: Floats) -> Floats:
    """Return minus the logarithm of the true class's probability, clipped to `CLIP`..1, in nats, shape (n,)."""
    return -np.log(np.clip(probabilities[np.arange(len(targets)), targets], CLIP, 1))


@dataclass(frozen=True)
class View:
    """One class against the rest.

    Attributes:
        number: The number of the class.
        squares: The summed squared error of its probability, shape (1, patients).
        gaps: Its calibration.
        ranking: The images ordered by its probability.
    """

    number: int
    squares: Floats
    gaps: Gaps
    ranking: Ranking

    @classmethod
    def of(cls, number: int, truth: npt.NDArray[np.bool_], probabilities: Floats, owners: Ints) -> View:
        """Sum over the images once."""
        squares = sum_by_patient((probabilities - truth) ** 2, owners)
        return cls(number, squares, Gaps.of(truth, probabilities, owners), Ranking.of(truth, probabilities, owners))

    def figures(self, confusion: Floats, counts: Floats) -> dict[str, Floats]:
        """Return the metrics of this class against the rest, each of shape (b,)."""
        auroc, auprc = self.ranking.areas(counts)
        return decision_figures(confusion, self.number) | {
            "auroc": auroc,
            "auprc": auprc,
            "brier": (self.squares @ counts)[0] / confusion.sum(axis=(0, 1)),
            "calibration_error": self.gaps.errors(counts),
        }


def decision_figures(confusion: Floats, number: int) -> dict[str, Floats]:
    """Return the metrics of a class against the rest that follow from its decisions alone.

    Args:
        confusion: The weight of the images of each true and decided class, shape (classes, classes, b).
        number: The number of the class.

    Returns:
        Figures of shape (b,) by the names of `METRICS`; NaN where undefined. A likelihood ratio is infinite where only
        its denominator is zero.
    """
    hit = confusion[number, number]
    missed, wrong = confusion[number].sum(axis=0) - hit, confusion[:, number].sum(axis=0) - hit
    passed = confusion.sum(axis=(0, 1)) - hit - missed - wrong
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity, specificity = hit / (hit + missed), passed / (passed + wrong)
        return {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "precision": hit / (hit + wrong),
            "npv": passed / (passed + missed),
            "f1": np.where(hit + missed > 0, 2 * hit / (2 * hit + wrong + missed), np.nan),
            "mcc": correlation(np.array([[passed, wrong], [missed, hit]])),
            "lr_positive": sensitivity / (wrong / (passed + wrong)),
            "lr_negative": (missed / (hit + missed)) / specificity,
        }


@dataclass(frozen=True)
class Tally:
    """The sums of a set of images.

    Attributes:
        classes: The number of classes.
        cells: The image counts of the confusion matrix, shape (classes², patients).
        loss: The summed cross-entropy, shape (1, patients).
        views: The positive class of two, or every class where there are more.
        present: The positions in `views` of the classes that have images; means are over these.
    """

    classes: int
    cells: Floats
    loss: Floats
    views: tuple[View, ...]
    present: tuple[int, ...]

    @classmethod
    def of(cls, targets: Ints, probabilities: Floats, decisions: Ints, owners: Ints, positive: int) -> Tally:
        """Sum over the images once.

        Args:
            targets: Class numbers, shape (n,).
            probabilities: Shape (n, k).
            decisions: Class numbers, shape (n,).
            owners: Each image's patient number, shape (n,).
            positive: The number of the positive class of two.
        """
        k = probabilities.shape[1]
        views = tuple(
            View.of(number, targets == number, probabilities[:, number], owners)
            for number in ((positive,) if k == 2 else range(k))
        )
        return cls(
            classes=k,
            cells=sum_by_patient(1, owners, targets * k + decisions, k * k),
            loss=sum_by_patient(cross_entropy(targets, probabilities), owners),
            views=views,
            present=tuple(place for place, view in enumerate(views) if (targets == view.number).any()),
        )

    def confusion(self, counts: Floats) -> Floats:
        """Return the confusion matrix of each weighting.

        Args:
            counts: How often each patient counts, shape (patients, b).

        Returns:
            Shape (classes, classes, b); the true class comes first.
        """
        return (self.cells @ counts).reshape(self.classes, self.classes, -1)

    def figures(self, counts: Floats) -> list[dict[str, Floats]]:
        """Return every metric of each weighting.

        Args:
            counts: How often each patient counts, shape (patients, b).

        Returns:
            The metrics of all classes together and then, for more than two, those of each class; figures of shape (b,).
        """
        confusion = self.confusion(counts)
        views = [view.figures(confusion, counts) for view in self.views]
        overall = dict(views[0]) if self.classes == 2 else mean_figures([views[place] for place in self.present])
        balanced = (overall["sensitivity"] + overall["specificity"]) / 2
        overall |= {
            "loss": (self.loss @ counts)[0] / confusion.sum(axis=(0, 1)),
            "accuracy": np.trace(confusion) / confusion.sum(axis=(0, 1)),
            "balanced_accuracy": balanced if self.classes == 2 else overall["sensitivity"],
            "brier": np.sum([view["brier"] for view in views], axis=0),
            "mcc": correlation(confusion),
        }
        return [overall] if self.classes == 2 else [overall, *views]


def mean_figures(views: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """Return the plain mean of each metric over the classes that have images; NaN where that is only one class."""
    if len(views) < 2:
        return {name: np.full_like(figure, np.nan) for name, figure in views[0].items()}
    return {name: np.mean([view[name] for view in views], axis=0) for name in views[0]}


def correlation(confusion: Floats) -> Floats:
    """Return Gorodkin's R_K (2004, Comput Biol Chem 28:367-374); for two classes it is Matthews' coefficient.

    Args:
        confusion: The weight of the images of each true and decided class, shape (classes, classes, b).

    Returns:
        Shape (b,), in -1..1; NaN where all images are of one class or decided to be.
    """
    total, right = confusion.sum(axis=(0, 1)), np.trace(confusion)
    true, decided = confusion.sum(axis=1), confusion.sum(axis=0)
    spread = np.sqrt(total**2 - (true**2).sum(axis=0)) * np.sqrt(total**2 - (decided**2).sum(axis=0))
    products = right * total - (true * decided).sum(axis=0)
    correlation: Floats = np.divide(products, spread, out=np.full_like(spread, np.nan), where=spread > 0)
    return correlation
