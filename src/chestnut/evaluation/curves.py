"""ROC, precision-recall and reliability curves of one class against the rest, as numbers with intervals.

A band is pointwise: at each position along the axis it is a 95 % interval (see `bands`). Where there is no band, as for
a single patient, `grid`, `low` and `high` are empty.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.bands import GRID, Bands
from chestnut.evaluation.calibration.bins import calibration_bins
from chestnut.evaluation.calibration.error_interval import sample_errors
from chestnut.evaluation.intervals.auprc import auprc_share
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.ranking_metrics import Ranking

Numbers = tuple[float, ...]

_HISTOGRAM_BINS = 20
_ROUNDING = 1e-9


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
        low: The lower end of the interval of that share.
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
    targets: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike, threshold: float | None = None
) -> RocCurve:
    """Compute the ROC curve with a band of sensitivity at each false positive rate.

    Args:
        targets: Whether each image is of the class, shape (n,), 0 or 1.
        scores: The score of each image, higher for the class, shape (n,).
        patients: Identities, shape (n,).
        threshold: The score from which an image is decided positive, which marks the operating point.

    Raises:
        DataError: Shapes do not fit, or only one of the two classes is present.
    """
    truth, values, owners, ranking = _rank(targets, scores, patients)
    found, wrong = _accumulate(ranking)
    rate, sensitivity = wrong / wrong[-1], found / found[-1]
    corner = np.r_[True, (np.diff(found, 2) != 0) | (np.diff(wrong, 2) != 0), True]
    several = owners.max() > 0
    own = np.interp(GRID, rate, sensitivity)
    grid, low, high = _band(own, *Bands.of(truth, values, owners).sensitivity()) if several else ((), (), ())
    area = auroc_estimate(truth, values, owners)
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
        area=area if several else Estimate(area.value),
        operating_point=point,
        threshold=threshold,
    )


def precision_recall(
    targets: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike, threshold: float | None = None
) -> PrecisionRecallCurve:
    """Compute the precision-recall curve in steps; straight lines would flatter it (Davis and Goadrich 2006, ICML).

    Arguments and errors are those of `roc`.
    """
    truth, values, owners, ranking = _rank(targets, scores, patients)
    found, wrong = _accumulate(ranking)
    rises = np.flatnonzero(np.diff(found)) + 1
    recall, precision = found[rises] / found[-1], found[rises] / (found + wrong)[rises]
    several = owners.max() > 0
    own = precision[np.minimum(np.searchsorted(recall, GRID - _ROUNDING), len(recall) - 1)]
    grid, low, high = _band(own, *Bands.of(truth, values, owners).precision()) if several else ((), (), ())
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
        area=area if several else Estimate(area.value),
        prevalence=float(found[-1] / (found + wrong)[-1]),
        operating_point=point,
        threshold=threshold,
    )


def reliability(
    targets: npt.ArrayLike, probabilities: npt.ArrayLike, patients: npt.ArrayLike, resamples: int = 2000, seed: int = 0
) -> Reliability:
    """Compute how often the class is present where the network gives it a certain probability.

    The interval of the share of each bin counts patients; see `intervals.shares`.

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
    bins = calibration_bins(truth, values, owners)
    both = np.stack([1 - values, values], axis=1)
    error = sample_errors(truth.astype(np.int64), both, owners, [1], resamples, seed)[0].estimate()
    return Reliability(
        predicted=tuple(one.predicted for one in bins),
        observed=tuple(one.positives / one.images for one in bins),
        low=tuple(float(one.observed.low or 0) for one in bins),
        high=tuple(float(one.observed.high or 0) for one in bins),
        counts=tuple(one.images for one in bins),
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


def _rank(
    targets: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], Floats, Ints, Ranking]:
    truth, values, owners, _ = _align(targets, scores, patients)
    if truth.all() or not truth.any():
        lacking = "negative" if truth.all() else "positive"
        raise DataError(f"no {lacking} image among {len(truth)}; a curve needs images with and without the class")
    return truth, values, owners, Ranking.of(truth, values, owners)


def _accumulate(ranking: Ranking) -> tuple[Floats, Floats]:
    """Return the number of positives and of negatives above each threshold, starting with 0, each of shape (g + 1,)."""
    weights = ranking.weigh(np.ones((int(ranking.owners.max()) + 1, 1)))
    positive, negative = (np.append(0.0, each[:, 0].cumsum()) for each in weights)
    return positive, negative


def _band(own: Floats, low: Floats, high: Floats) -> tuple[Numbers, Numbers, Numbers]:
    """Return the band, which holds the curve's own values."""
    return _numbers(GRID), _numbers(np.minimum(low, own)), _numbers(np.maximum(high, own))


def _numbers(values: Floats) -> Numbers:
    return tuple(values.tolist())
