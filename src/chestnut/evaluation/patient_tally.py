"""`Tally`: sums over each patient's images, from which every metric of any weighting of patients follows.

May be called by `metrics`; calls `calibration`, `intervals` and `ranking`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.calibration import Gaps
from chestnut.evaluation.intervals import Floats, Ints, sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking

#: The rounding of float32 at 1: a network cannot say a probability more finely than this.
CLIP = float(np.finfo(np.float32).eps)


def cross_entropy(targets: Ints, probabilities: Floats) -> Floats:
    """Minus the logarithm of the true class's probability clipped to `CLIP`..1, in nats, shape (n,)."""
    return -np.log(np.clip(probabilities[np.arange(len(targets)), targets], CLIP, 1))


@dataclass(frozen=True)
class View:
    """One class against the rest.

    Attributes:
        number: The class.
        squares: Summed squared error of its probability, shape (1, patients).
        gaps: Its calibration.
        ranking: Images by its probability.
    """

    number: int
    squares: Floats
    gaps: Gaps
    ranking: Ranking

    @classmethod
    def of(cls, number: int, truth: npt.NDArray[np.bool_], probabilities: Floats, owners: Ints) -> View:
        """Sum once over the images."""
        squares = sum_by_patient((probabilities - truth) ** 2, owners)
        return cls(number, squares, Gaps.of(truth, probabilities, owners), Ranking.of(truth, probabilities, owners))

    def figures(self, confusion: Floats, counts: Floats) -> dict[str, Floats]:
        """The metrics of this class against the rest, each of shape (b,)."""
        total = confusion.sum(axis=(0, 1))
        hit = confusion[self.number, self.number]
        missed, wrong = confusion[self.number].sum(axis=0) - hit, confusion[:, self.number].sum(axis=0) - hit
        passed = total - hit - missed - wrong
        auroc, auprc = self.ranking.areas(counts)
        error, noise = self.gaps.errors(counts)
        return {
            "sensitivity": _share(hit, hit + missed),
            "specificity": _share(passed, passed + wrong),
            "precision": _share(hit, hit + wrong),
            "f1": np.where(hit + missed > 0, _share(2 * hit, 2 * hit + wrong + missed), np.nan),
            "auroc": auroc,
            "auprc": auprc,
            "brier": (self.squares @ counts)[0] / total,
            "calibration_error": error,
            "calibration_noise": noise,
            "mcc": _correlation(np.array([[passed, wrong], [missed, hit]])),
        }


@dataclass(frozen=True)
class Tally:
    """What is summed of a split.

    Attributes:
        classes: Number of classes.
        cells: Image counts of the confusion matrix, shape (classes², patients).
        loss: Summed cross-entropy, shape (1, patients).
        views: The positive class of two, else every class.
        present: Places in `views` of the classes that have images, which means are over.
    """

    classes: int
    cells: Floats
    loss: Floats
    views: tuple[View, ...]
    present: tuple[int, ...]

    @classmethod
    def of(cls, targets: Ints, probabilities: Floats, decisions: Ints, owners: Ints, positive: int) -> Tally:
        """Sum once over the images.

        Args:
            targets: Class numbers, shape (n,).
            probabilities: Shape (n, k).
            decisions: Class numbers, shape (n,).
            owners: Each image's patient number, shape (n,).
            positive: Number of the positive class of two.
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
        """Weights of the confusion matrix, shape (classes, classes, b), for patients that count (patients, b) times."""
        return (self.cells @ counts).reshape(self.classes, self.classes, -1)

    def figures(self, counts: Floats) -> list[dict[str, Floats]]:
        """The metrics of all classes together, then, for more than two, of each; every figure of shape (b,)."""
        confusion = self.confusion(counts)
        views = [view.figures(confusion, counts) for view in self.views]
        overall = dict(views[0]) if self.classes == 2 else self._means(views)
        balanced = (overall["sensitivity"] + overall["specificity"]) / 2
        overall |= {
            "loss": (self.loss @ counts)[0] / confusion.sum(axis=(0, 1)),
            "accuracy": np.trace(confusion) / confusion.sum(axis=(0, 1)),
            "balanced_accuracy": balanced if self.classes == 2 else overall["sensitivity"],
            "brier": np.sum([view["brier"] for view in views], axis=0),
            "mcc": _correlation(confusion),
        }
        return [overall] if self.classes == 2 else [overall, *views]

    def _means(self, views: list[dict[str, Floats]]) -> dict[str, Floats]:
        if len(self.present) < 2:
            return {name: np.full_like(figure, np.nan) for name, figure in views[0].items()}
        return {name: np.mean([views[place][name] for place in self.present], axis=0) for name in views[0]}


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _correlation(confusion: Floats) -> Floats:
    """Gorodkin's R_K (2004, Comput Biol Chem 28:367-374), Matthews' coefficient where there are two classes."""
    total, right = confusion.sum(axis=(0, 1)), np.trace(confusion)
    true, decided = confusion.sum(axis=1), confusion.sum(axis=0)
    spread = np.sqrt(total**2 - (true**2).sum(axis=0)) * np.sqrt(total**2 - (decided**2).sum(axis=0))
    return _share(right * total - (true * decided).sum(axis=0), spread)
