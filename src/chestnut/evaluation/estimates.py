"""Every metric of an evaluation with its interval, each by the way that covers it.

Shares have exact intervals with a design effect (`shares`), AUROC Newcombe's fifth (`auroc`), AUPRC those of a share of
the same variance (`auprc`), losses those of a Poisson mean (`loss`); F1, MCC and likelihood ratios follow from shares
(`rates`), means over classes from the classes (`class_means`), and the calibration error alone has a bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.calibration.error_interval import mean_errors, sample_errors
from chestnut.evaluation.intervals.auprc import auprc_share
from chestnut.evaluation.intervals.auroc import AurocVariance
from chestnut.evaluation.intervals.class_means import Part, mean_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.influence import Influence
from chestnut.evaluation.intervals.loss import loss_estimate
from chestnut.evaluation.intervals.rates import Rates, lr_negative, lr_positive
from chestnut.evaluation.intervals.shares import Share
from chestnut.evaluation.patient_tally import CLIP, correlation
from chestnut.evaluation.patients import sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Images:
    """What is known of the images of an evaluation.

    Attributes:
        targets: Class numbers, shape (n,).
        decisions: Class numbers, shape (n,).
        probabilities: Shape (n, k).
        owners: Each image's patient number, shape (n,).
        positive: The number of the positive class of two.
    """

    targets: Ints
    decisions: Ints
    probabilities: Floats
    owners: Ints
    positive: int

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.probabilities.shape[1])

    @property
    def confusion(self) -> Ints:
        """The number of images of each true class (row) and decided class (column)."""
        return count_cells(self.targets, self.decisions, self.classes)

    def count(self, flags: Flags) -> Floats:
        """Return how many images of each patient have a flag, shape (patients,)."""
        counts: Floats = sum_by_patient(flags, self.owners)[0]
        return counts

    def share(self, hits: Flags, trials: Flags) -> tuple[Share, Influence] | None:
        """Return the share of some images that are hits; None where there are no such images."""
        found, sizes = self.count(hits & trials), self.count(trials)
        return (Share.of(found, sizes), Influence.of(found, sizes)) if sizes.any() else None


def count_cells(targets: Ints | Flags, decisions: Ints | Flags, classes: int) -> Ints:
    """Return the number of images of each true class (row) and decided class (column)."""
    cells = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(cells, (targets.astype(np.int64), decisions.astype(np.int64)), 1)
    return cells


@dataclass(frozen=True)
class _View:
    """One class against the rest.

    Attributes:
        images: All images.
        number: The number of the class.
        seed: The seed of what is drawn.
    """

    images: Images
    number: int
    seed: int

    def parts(self) -> dict[str, Part]:
        """Return the metrics of this class against the rest, but for the calibration error."""
        truth, decided = self.images.targets == self.number, self.images.decisions == self.number
        right = truth == decided
        found, passed = self.images.share(right, truth), self.images.share(right, ~truth)
        parts = {
            "sensitivity": _share_part(found),
            "specificity": _share_part(passed),
            "precision": _share_part(self.images.share(right, decided)),
            "npv": _share_part(self.images.share(right, ~decided)),
            "f1": _f1_part(self.images.share(right, truth | decided) if truth.any() else None),
            "brier": _share_part(self._brier(truth)),
        }
        if found is None or passed is None:
            return parts | dict.fromkeys(("auroc", "auprc", "mcc", "lr_positive", "lr_negative"), Part(Estimate(None)))
        rates = Rates.draw((passed[0], found[0]), np.stack([passed[1].trials, found[1].trials]), self.seed)
        correlated = Part(_correlate(rates, count_cells(truth, decided, 2)))
        return parts | self._areas(truth) | _ratios(rates, found, passed) | {"mcc": correlated}

    def _brier(self, truth: Flags) -> tuple[Share, Influence]:
        squares = sum_by_patient((self.images.probabilities[:, self.number] - truth) ** 2, self.images.owners)[0]
        trials = self.images.count(np.ones_like(truth))
        return Share.of(squares, trials, least_effect=0), Influence.of(squares, trials)

    def _areas(self, truth: Flags) -> dict[str, Part]:
        scores = self.images.probabilities[:, self.number]
        area = AurocVariance.of(truth, scores, self.images.owners)
        return {
            "auroc": Part(Estimate(area.area, *area.interval()), area.influence),
            "auprc": _share_part(auprc_share(Ranking.of(truth, scores, self.images.owners))),
        }


def _share_part(share: tuple[Share, Influence] | None) -> Part:
    return Part(Estimate(None)) if share is None else Part(share[0].estimate(), share[1])


def _f1_part(share: tuple[Share, Influence] | None) -> Part:
    """Return F1 from Jaccard's index, the share of correct images among those that are positive or decided positive."""
    if share is None:
        return Part(Estimate(None))
    value, low, high = (2 * one / (1 + one) for one in (share[0].value, *share[0].interval()))
    return Part(Estimate(value, low, high), share[1])


def _ratios(rates: Rates, found: tuple[Share, Influence], passed: tuple[Share, Influence]) -> dict[str, Part]:
    """Return the likelihood ratios, which follow from sensitivity and specificity."""
    sensitivity, specificity = found[0].value, passed[0].value
    values = np.array([[specificity], [sensitivity]])
    positive = rates.estimate(float(lr_positive(values)[0]), lr_positive)
    negative = rates.estimate(float(lr_negative(values)[0]), lr_negative, falling=True)
    return {
        "lr_positive": _ratio_part(positive, sensitivity, 1 - specificity, found[1], passed[1]),
        "lr_negative": _ratio_part(negative, 1 - sensitivity, specificity, found[1], passed[1]),
    }


def _ratio_part(ratio: Estimate, above: float, below: float, up: Influence, down: Influence) -> Part:
    """Return a likelihood ratio of which both rates change the numerator, or the denominator, to the same side."""
    if below <= 0:
        return Part(ratio)
    return Part(ratio, Influence(up.parts / below + down.parts * above / below**2, up.trials + down.trials))


def _correlate(rates: Rates, cells: Ints) -> Estimate:
    """Return the correlation of truth and decision.

    Args:
        rates: The rates of the classes that have images.
        cells: The number of images of each true class (row) and decided class (column), of all classes.
    """
    classes, own = len(cells), np.flatnonzero(cells.any(axis=1))
    # Where a rate is lower, more images go to the other classes as they do in the sample; half an image more
    # everywhere, so that errors which the sample lacks can be.
    among = np.where(np.eye(classes, dtype=bool), 0, cells + 0.5)
    among = (among / among.sum(axis=1, keepdims=True))[own, :, None]

    def figure(rate: Floats, shares: Floats) -> Floats:
        confusion = np.zeros((classes, classes, rate.shape[1]))
        confusion[own] = among * (shares * (1 - rate))[:, None]
        confusion[own, own] = shares * rate
        return correlation(confusion)

    return rates.estimate(float(correlation(cells[:, :, None].astype(np.float64))[0]), figure)


def estimate_all(images: Images, resamples: int, seed: int) -> list[dict[str, Estimate]]:
    """Return the metrics of all classes together and then, for more than two, those of each class.

    Args:
        images: What is known of the images.
        resamples: The number of resamples behind the calibration error's interval.
        seed: Equal seeds give equal intervals.
    """
    binary = images.classes == 2
    numbers = (images.positive,) if binary else tuple(range(images.classes))
    views = [_View(images, number, seed).parts() for number in numbers]
    errors = sample_errors(images.targets, images.probabilities, images.owners, numbers, resamples, seed)
    each = [
        {name: part.estimate for name, part in view.items()} | {"calibration_error": error.estimate()}
        for view, error in zip(views, errors, strict=True)
    ]
    if binary:
        balanced = mean_estimate([views[0]["specificity"], views[0]["sensitivity"]])
        return [_losses(images) | each[0] | {"balanced_accuracy": balanced}]
    present = [number for number in numbers if (images.targets == number).any()]
    averaged = [name for name in views[0] if name != "mcc"]
    means = {name: mean_estimate([views[number][name] for number in present]) for name in averaged}
    means |= {"calibration_error": mean_errors([errors[number] for number in present]).estimate()}
    means |= {"balanced_accuracy": means["sensitivity"], "mcc": _correlate_classes(images, present, seed)}
    if len(present) < 2:
        means = dict.fromkeys(means, Estimate(None))
    return [means | _losses(images), *each]


def _losses(images: Images) -> dict[str, Estimate]:
    """Return the figures of all images, whatever their class."""
    places = np.arange(len(images.targets))
    everything = np.ones(len(places), dtype=bool)
    accuracy = _share_part(images.share(images.decisions == images.targets, everything)).estimate
    hot = np.eye(images.classes)[images.targets]
    squares = sum_by_patient(((images.probabilities - hot) ** 2).sum(axis=1) / 2, images.owners)[0]
    half = Share.of(squares, images.count(everything), least_effect=0)
    low, high = half.interval()
    logs = -np.log(np.clip(images.probabilities, CLIP, 1))
    losses = logs[places, images.targets]
    opposite = (logs.sum(axis=1) - losses) / (images.classes - 1)
    return {
        "accuracy": accuracy,
        "brier": Estimate(2 * half.value, 2 * low, 2 * high),
        "loss": loss_estimate(losses, opposite, images.owners, -math.log(CLIP)),
    }


def _correlate_classes(images: Images, present: Sequence[int], seed: int) -> Estimate:
    right = images.targets == images.decisions
    rates = [images.share(right, images.targets == number) for number in present]
    counts = np.stack([images.count(images.targets == number) for number in present])
    return _correlate(Rates.draw([rate[0] for rate in rates if rate is not None], counts, seed), images.confusion)
