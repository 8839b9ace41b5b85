"""The interval of a calibration error of images that come from patients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.calibration.error import Gaps, equal_mass_bins
from chestnut.evaluation.intervals.distributions import t_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.influence import Influence
from chestnut.evaluation.intervals.resamples import bootstrap
from chestnut.evaluation.intervals.shares import Share
from chestnut.evaluation.patients import sum_by_patient

# The numbers in one block of drawn labels.
_BLOCK = 2**20


@dataclass(frozen=True)
class ErrorSamples:
    """Calibration errors by chance, of one class or of the mean over several.

    Attributes:
        value: The error of the sample.
        drawn: The errors of resamples of the patients, shape (draws,).
        null: The errors of networks that are calibrated: shape (2, draws), with the signs of the patients' gaps drawn,
            and with the labels drawn from the probabilities.
        patients: The number of patients.
        freedom: For how many patients the variance is known; see `Influence.freedom`.
        unseen: How far the mean absolute difference of probability and truth, which the error cannot exceed, may be
            from the one of the sample.
    """

    value: float
    drawn: Floats
    null: Floats
    patients: int
    freedom: float
    unseen: float

    def estimate(self, confidence: float = CONFIDENCE) -> Estimate:
        """Return the error with its interval.

        Chance increases a sum of absolute gaps, and resampling increases it once more. So the upper end is the error
        plus its uncertainty, less half the bias that resampling shows; the lower end allows for twice that bias, and is
        0 where a calibrated network may well have such an error. The uncertainty is shrunk as in `shrink`, towards that
        of the mean absolute difference: a few patients may not show any error.
        """
        tail = (1 - confidence) / 2
        bias = max(float(self.drawn.mean()) - self.value, 0.0)
        reach = float(t_quantile(1 - tail, max(self.patients - 1, 1))) * float(self.drawn.std())
        reach = math.sqrt((self.freedom * reach**2 + self.unseen**2) / (self.freedom + 1))
        by_chance = float(np.quantile(self.null, 1 - tail, axis=1).max())
        low = 0.0 if self.value <= by_chance else max(0.0, self.value - 2 * bias - reach)
        high = max(self.value, self.value - bias / 2 + reach)
        return Estimate(self.value, min(low, self.value), min(1.0, high))


def sample_errors(
    targets: Ints, probabilities: Floats, owners: Ints, classes: Sequence[int], draws: int, seed: int
) -> list[ErrorSamples]:
    """Draw calibration errors of each class against the rest.

    Args:
        targets: Class numbers, shape (n,).
        probabilities: Shape (n, k).
        owners: Each image's patient number, shape (n,).
        classes: The numbers of the classes.
        draws: The number of resamples, at least 2.
        seed: Equal seeds give equal errors. All classes have the same resamples, so that their errors can be averaged.
    """
    patients = int(owners.max()) + 1
    gaps = [Gaps.of(targets == number, probabilities[:, number], owners) for number in classes]
    drawn = bootstrap(lambda counts: np.stack([one.errors(counts) for one in gaps]), patients, len(owners), draws, seed)
    random = np.random.default_rng(seed)
    signs = random.choice([-1.0, 1.0], (patients, draws))
    flipped = [np.abs(one.sums @ signs).sum(axis=0) / len(owners) for one in gaps]
    labelled = np.concatenate(list(_draw_labels(probabilities, owners, classes, draws, random)), axis=1)
    value = [float(one.errors(np.ones((patients, 1)))[0]) for one in gaps]
    found = []
    for place, (number, one) in enumerate(zip(classes, gaps, strict=True)):
        differences = sum_by_patient(np.abs(probabilities[:, number] - (targets == number)), owners)[0]
        mean = Share.of(differences, one.images, least_effect=0)
        unseen = max(abs(end - mean.value) for end in mean.interval())
        freedom = Influence.of(one.sums.sum(axis=0), one.images).freedom
        null = np.stack([flipped[place], labelled[place]])
        found.append(ErrorSamples(value[place], drawn[place], null, patients, freedom, unseen))
    return found


def mean_errors(parts: Sequence[ErrorSamples]) -> ErrorSamples:
    """Return the mean of the calibration errors of several classes."""
    return ErrorSamples(
        float(np.mean([part.value for part in parts])),
        np.mean([part.drawn for part in parts], axis=0),
        np.mean([part.null for part in parts], axis=0),
        parts[0].patients,
        min(part.freedom for part in parts),
        float(np.mean([part.unseen for part in parts])),
    )


def _draw_labels(
    probabilities: Floats, owners: Ints, classes: Sequence[int], draws: int, random: np.random.Generator
) -> Iterator[Floats]:
    """Draw labels from the probabilities, and give the errors that the probabilities then have.

    One number decides the labels of all images of a patient, so that they are as alike as can be.

    Yields:
        The errors, shape (classes, draws of the block).
    """
    patients, images = int(owners.max()) + 1, len(owners)
    upper = probabilities.cumsum(axis=1)
    views = []
    for number in classes:
        bins = equal_mass_bins(probabilities[:, number])
        order = np.argsort(bins, kind="stable")
        starts = np.searchsorted(bins[order], np.arange(int(bins.max()) + 1))
        expected = np.add.reduceat(probabilities[order, number], starts)[:, None]
        edges = (upper[order, number] - probabilities[order, number])[:, None], upper[order, number][:, None]
        views.append((owners[order], starts, expected, edges))
    columns = max(1, _BLOCK // images)
    for start in range(0, draws, columns):
        height = random.random((patients, min(columns, draws - start)))
        errors = []
        for people, starts, expected, (low, high) in views:
            place = height[people]
            hits = np.add.reduceat((place >= low) & (place < high), starts, dtype=np.float64)
            errors.append(np.abs(expected - hits).sum(axis=0) / images)
        yield np.stack(errors)
