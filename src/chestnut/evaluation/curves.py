"""ROC, precision-recall and reliability curves of one class against the rest, as numbers with intervals.

A band is pointwise: at each position along the axis it spans 95 % of the resamples of patients. Where there is no band,
as for a single patient, `grid`, `low` and `high` are empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.calibration.error import equal_mass_bins
from chestnut.evaluation.calibration.error_interval import sample_errors
from chestnut.evaluation.intervals.auprc import auprc_share
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.resamples import bootstrap, percentile_ends
from chestnut.evaluation.intervals.shares import wilson
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.ranking_metrics import Ranking

Numbers = tuple[float, ...]

# The positions along the axis at which a band is computed.
_GRID = np.linspace(0, 1, 101).round(2)
_HISTOGRAM_BINS = 20


@dataclass(frozen=True)
class _Curve:
    """A curve whose fields can be written as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Return the curve for JSON: the attributes, with lists for tuples and an object for an `Estimate`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.to_dict() if isinstance(value, Estimate) else list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }


@dataclass(frozen=True)
class RocCurve(_Curve):
    """Sensitivity against the false positive rate at every threshold.

    Attributes:
        false_positive_rate: The rising false positive rates of the corners of the curve.
        sensitivity: The sensitivity at each of them.
        grid: The false positive rates of the band.
        low: The lower end of the band of sensitivity.
        high: The upper end of the band.
        area: The AUROC.
        operating_point: The false positive rate and sensitivity at the threshold; None without one.
        threshold: The threshold of the operating point, or None.
    """

    false_positive_rate: Numbers
    sensitivity: Numbers
    grid: Numbers
    low: Numbers
    high: Numbers
    area: Estimate
    operating_point: tuple[float, float] | None
    threshold: float | None


@dataclass(frozen=True)
class PrecisionRecallCurve(_Curve):
    """Precision against recall (sensitivity) at every threshold.

    Attributes:
        recall: The recalls from 0 upwards, one for each step.
        precision: The precision of the step that ends at each recall; the first one repeats the second.
        grid: The recalls of the band.
        low: The lower end of the band of precision.
        high: The upper end of the band.
        area: The AUPRC, the area under the steps.
        prevalence: The share of positive images, which is the precision of guessing.
        operating_point: The recall and precision at the threshold; None without one, or where no score reaches it.
        threshold: The threshold of the operating point, or None.
    """

    recall: Numbers
    precision: Numbers
    grid: Numbers
    low: Numbers
    high: Numbers
    area: Estimate
    prevalence: float
    operating_point: tuple[float, float] | None
    threshold: float | None


@dataclass(frozen=True)
class Reliability(_Curve):
    """Observed against predicted shares, in bins of about equally many images.

    Attributes:
        predicted: The mean probability of each bin, in rising order.
        observed: The share of its images that are positive.
        low: The lower end of Wilson's interval of that share, with patients as trials.
        high: The upper end.
        counts: The number of images of each bin.
        histogram: The number of images in each of 20 equal spans of probability from 0 to 1.
        error: The calibration error.
    """

    predicted: Numbers
    observed: Numbers
    low: Numbers
    high: Numbers
    counts: tuple[int, ...]
    histogram: tuple[int, ...]
    error: Estimate


def roc(
    targets: npt.ArrayLike,
    scores: npt.ArrayLike,
    patients: npt.ArrayLike,
    threshold: float | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> RocCurve:
    """Compute the ROC curve with a band of sensitivity at each false positive rate (Fawcett 2006, section 8.2).

    Args:
        targets: Whether each image is of the class, shape (n,), 0 or 1.
        scores: The score of each image, higher for the class, shape (n,).
        patients: Identities, shape (n,).
        threshold: The score from which an image is decided positive, which marks the operating point.
        resamples: The number of resamples behind the band.
        seed: The seed of the resamples; at equal seeds they are those of `evaluate`.

    Raises:
        DataError: Shapes do not fit, or only one of the two classes is present.
    """
    ranking, distinct = _rank(targets, scores, patients)
    found, wrong = (total[:, 0] for total in _accumulate(ranking, np.ones((distinct, 1))))
    rate, sensitivity = wrong / wrong[-1], found / found[-1]
    corner = np.r_[True, (np.diff(found, 2) != 0) | (np.diff(wrong, 2) != 0), True]

    def band(found: Floats, wrong: Floats) -> Floats:
        return np.asarray(np.interp(_GRID, wrong / wrong[-1], found / found[-1]), dtype=np.float64)

    grid, low, high = _band(_resample(ranking, distinct, band, resamples, seed))
    area = auroc_estimate(targets, scores, number_patients(patients)[0])
    point = None
    if threshold is not None:
        place = int(np.count_nonzero(ranking.thresholds >= threshold))
        point = (float(rate[place]), float(sensitivity[place]))
    return RocCurve(
        false_positive_rate=_numbers(rate[corner]),
        sensitivity=_numbers(sensitivity[corner]),
        grid=grid,
        low=low,
        high=high,
        area=area if distinct > 1 else Estimate(area.value),
        operating_point=point,
        threshold=threshold,
    )


def precision_recall(
    targets: npt.ArrayLike,
    scores: npt.ArrayLike,
    patients: npt.ArrayLike,
    threshold: float | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> PrecisionRecallCurve:
    """Compute the precision-recall curve in steps; straight lines would flatter it (Davis and Goadrich 2006, ICML).

    Arguments and errors are those of `roc`.
    """
    ranking, distinct = _rank(targets, scores, patients)
    found, wrong = (total[:, 0] for total in _accumulate(ranking, np.ones((distinct, 1))))
    rises = np.flatnonzero(np.diff(found)) + 1
    recall, precision = found[rises] / found[-1], found[rises] / (found + wrong)[rises]

    def band(found: Floats, wrong: Floats) -> Floats:
        # Slightly less than the recall, because of rounding; half an image, for the first positive at recall 0.
        reached = np.searchsorted(found, np.maximum(_GRID * found[-1] - 1e-6, 0.5))
        return np.asarray(found[reached] / (found + wrong)[reached], dtype=np.float64)

    grid, low, high = _band(_resample(ranking, distinct, band, resamples, seed))
    area = auprc_share(ranking)[0].estimate()
    point = None
    if threshold is not None and (place := int(np.count_nonzero(ranking.thresholds >= threshold))):
        point = (float(found[place] / found[-1]), float(found[place] / (found + wrong)[place]))
    return PrecisionRecallCurve(
        recall=(0.0, *_numbers(recall)),
        precision=(float(precision[0]), *_numbers(precision)),
        grid=grid,
        low=low,
        high=high,
        area=area if distinct > 1 else Estimate(area.value),
        prevalence=float(found[-1] / (found + wrong)[-1]),
        operating_point=point,
        threshold=threshold,
    )


def reliability(
    targets: npt.ArrayLike, probabilities: npt.ArrayLike, patients: npt.ArrayLike, resamples: int = 2000, seed: int = 0
) -> Reliability:
    """Compute how often the class is present where the network gives it a certain probability.

    Images of one patient say less than as many patients would, so Wilson's interval counts the patients of a bin as its
    trials; then several images of a patient do not make it too narrow.

    Args:
        targets: Whether each image is of the class, shape (n,), 0 or 1.
        probabilities: The probability of the class, shape (n,), in 0..1.
        patients: Identities, shape (n,).
        resamples: The number of resamples behind the interval of the calibration error.
        seed: The seed of the resamples.

    Raises:
        DataError: Shapes do not fit, there are no images, or probabilities are out of range.
    """
    truth, values, owners, distinct = _align(targets, probabilities, patients)
    if values.min() < 0 or values.max() > 1:
        raise DataError(f"probabilities from {values.min():.4g} to {values.max():.4g}; give numbers from 0 to 1")
    bins = equal_mass_bins(values)
    counts = np.bincount(bins)
    observed = np.bincount(bins, truth) / counts
    people = np.bincount(np.unique(np.stack([bins, owners]), axis=1)[0])
    low, high = wilson(observed * people, people)
    both = np.stack([1 - values, values], axis=1)
    error = sample_errors(truth.astype(np.int64), both, owners, [1], resamples, seed)[0].estimate()
    return Reliability(
        predicted=_numbers(np.bincount(bins, values) / counts),
        observed=_numbers(observed),
        low=_numbers(low),
        high=_numbers(high),
        counts=tuple(int(count) for count in counts),
        histogram=tuple(int(count) for count in np.histogram(values, _HISTOGRAM_BINS, (0, 1))[0]),
        error=error if distinct > 1 else Estimate(error.value),
    )


def _align(
    targets: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], Floats, Ints, int]:
    truth, values = np.asarray(targets), np.asarray(scores, dtype=np.float64)
    owners, distinct = number_patients(patients)
    if truth.ndim != 1 or truth.shape != values.shape or truth.shape != owners.shape:
        raise DataError(
            f"targets {truth.shape}, scores {values.shape}, patients {owners.shape}; give one of each for every image"
        )
    if not len(truth):
        raise DataError("no images for a curve; give at least one")
    if not np.isin(truth, (0, 1)).all() or not np.isfinite(values).all():
        raise DataError("a target other than 0 and 1, or a score that is not finite; give one class against the rest")
    return truth.astype(bool), values, owners, distinct


def _rank(targets: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike) -> tuple[Ranking, int]:
    truth, values, owners, distinct = _align(targets, scores, patients)
    if truth.all() or not truth.any():
        lacking = "negative" if truth.all() else "positive"
        raise DataError(f"no {lacking} image among {len(truth)}; a curve needs images with and without the class")
    return Ranking.of(truth, values, owners), distinct


def _accumulate(ranking: Ranking, counts: Floats) -> tuple[Floats, Floats]:
    """Return the weights of positives and negatives above each threshold, starting with 0, each of shape (g + 1, b)."""
    positive, negative = (np.pad(weights.cumsum(axis=0), ((1, 0), (0, 0))) for weights in ranking.weigh(counts))
    return positive, negative


def _resample(
    ranking: Ranking, patients: int, band: Callable[[Floats, Floats], Floats], draws: int, seed: int
) -> Floats:
    """The curve at the grid for every resample; NaN where a class is missing."""

    def statistic(counts: Floats) -> Floats:
        found, wrong = _accumulate(ranking, counts)
        whole = (found[-1] > 0) & (wrong[-1] > 0) & (patients > 1)
        curves = np.full((len(_GRID), counts.shape[1]), np.nan)
        for column in np.flatnonzero(whole):
            curves[:, column] = band(found[:, column], wrong[:, column])
        return curves

    return bootstrap(statistic, patients, len(ranking.owners), draws, seed)


def _band(samples: Floats) -> tuple[Numbers, Numbers, Numbers]:
    low, high = percentile_ends(samples)
    return ((), (), ()) if np.isnan(low).any() else (_numbers(_GRID), _numbers(low), _numbers(high))


def _numbers(values: Floats) -> Numbers:
    return tuple(values.tolist())
