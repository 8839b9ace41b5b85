"""ROC, precision-recall and reliability curves with their intervals, as numbers; `figures` draws them.

May be called by every room above `config`; calls `calibration`, `intervals` and `ranking`. A curve is of one class
against the rest. A band is pointwise: at each place along the axis it spans 95 % of the resamples of patients there;
where there is none, as with a single patient, `grid`, `low` and `high` are empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.calibration import Gaps, equal_mass_bins, error_estimate
from chestnut.evaluation.intervals import (
    Estimate,
    Floats,
    Ints,
    bootstrap,
    estimate_of,
    number_patients,
    percentile_ends,
    wilson,
)
from chestnut.evaluation.ranking_metrics import Ranking

Numbers = tuple[float, ...]

# Places along the axis at which a band is known.
_GRID = np.linspace(0, 1, 101).round(2)
_HISTOGRAM_BINS = 20


@dataclass(frozen=True)
class _Curve:
    """What curves share: fields of numbers that turn into JSON."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the keys are the attributes, tuples become lists and an `Estimate` its own keys."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.to_dict() if isinstance(value, Estimate) else list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }


@dataclass(frozen=True)
class RocCurve(_Curve):
    """Sensitivity against the false positive rate at every threshold.

    Attributes:
        false_positive_rate: Rising, the corners of the curve only.
        sensitivity: At each of them.
        grid: False positive rates at which the band is known.
        low: Lower end of the band of sensitivity.
        high: Upper end of the band.
        area: AUROC.
        operating_point: False positive rate and sensitivity at the threshold; None where none was given.
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
        recall: Rising from 0, each place where it rises.
        precision: At each of them; it holds for the step that ends there, and for the first place as for the second.
        grid: Recalls at which the band is known.
        low: Lower end of the band of precision.
        high: Upper end of the band.
        area: AUPRC, the area under the steps.
        prevalence: Share of positive images, which is the precision of a guess.
        operating_point: Recall and precision at the threshold; None without one, or where nothing reaches it.
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
    """Observed against predicted share, in bins of about equally many images.

    Attributes:
        predicted: Mean probability of each bin, rising.
        observed: Share of its images that are positive.
        low: Lower end of Wilson's interval of that share, taking patients for the trials.
        high: Upper end.
        counts: Images of each bin.
        histogram: Images in 20 equal spans of probability from 0 to 1.
        error: Calibration error.
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
    """The ROC curve with a vertical band: the sensitivity at each false positive rate (Fawcett 2006, section 8.2).

    Args:
        targets: Whether each image is of the class, shape (n,), 0 or 1.
        scores: Scores, higher for the class, shape (n,).
        patients: Identities, shape (n,).
        threshold: Score from which an image is decided positive, to mark the operating point.
        resamples: Number of resamples behind the band; with the seed of `evaluate`, its resamples.
        seed: Equal seeds give equal bands.

    Raises:
        DataError: Shapes that do not fit, or only one of the two classes is present.
    """
    ranking, distinct = _ranked(targets, scores, patients)
    found, wrong = (total[:, 0] for total in _reached(ranking, np.ones((distinct, 1))))
    rate, sensitivity = wrong / wrong[-1], found / found[-1]
    corner = np.r_[True, (np.diff(found, 2) != 0) | (np.diff(wrong, 2) != 0), True]

    def band(found: Floats, wrong: Floats) -> Floats:
        return np.asarray(np.interp(_GRID, wrong / wrong[-1], found / found[-1]), dtype=np.float64)

    samples = _resampled(ranking, distinct, band, resamples, seed)
    grid, low, high = _band(samples[2:])
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
        area=estimate_of(float(ranking.areas(np.ones((distinct, 1)))[0][0]), samples[0]),
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
    """The precision-recall curve in steps, never straight lines, which flatter it (Davis and Goadrich 2006, ICML).

    Arguments and errors are those of `roc`.
    """
    ranking, distinct = _ranked(targets, scores, patients)
    found, wrong = (total[:, 0] for total in _reached(ranking, np.ones((distinct, 1))))
    rises = np.flatnonzero(np.diff(found)) + 1
    recall, precision = found[rises] / found[-1], found[rises] / (found + wrong)[rises]

    def band(found: Floats, wrong: Floats) -> Floats:
        # A hair less than the recall, for rounding; half an image, for the first positive at recall 0.
        reached = np.searchsorted(found, np.maximum(_GRID * found[-1] - 1e-6, 0.5))
        return np.asarray(found[reached] / (found + wrong)[reached], dtype=np.float64)

    samples = _resampled(ranking, distinct, band, resamples, seed)
    grid, low, high = _band(samples[2:])
    point = None
    if threshold is not None and (place := int(np.count_nonzero(ranking.thresholds >= threshold))):
        point = (float(found[place] / found[-1]), float(found[place] / (found + wrong)[place]))
    return PrecisionRecallCurve(
        recall=(0.0, *_numbers(recall)),
        precision=(float(precision[0]), *_numbers(precision)),
        grid=grid,
        low=low,
        high=high,
        area=estimate_of(float(ranking.areas(np.ones((distinct, 1)))[1][0]), samples[1]),
        prevalence=float(found[-1] / (found + wrong)[-1]),
        operating_point=point,
        threshold=threshold,
    )


def reliability(
    targets: npt.ArrayLike, probabilities: npt.ArrayLike, patients: npt.ArrayLike, resamples: int = 2000, seed: int = 0
) -> Reliability:
    """How often the class is there when the network says so with a given probability.

    Images of one patient tell less than as many patients would, so Wilson's interval counts a bin's patients as its
    trials: it is never too narrow on their account.

    Args:
        targets: Whether each image is of the class, shape (n,), 0 or 1.
        probabilities: Of the class, shape (n,), in 0..1.
        patients: Identities, shape (n,).
        resamples: Number of resamples behind the interval of the calibration error.
        seed: Equal seeds give equal intervals.

    Raises:
        DataError: Shapes that do not fit, no images, or probabilities out of range.
    """
    truth, values, owners, distinct = _aligned(targets, probabilities, patients)
    if values.min() < 0 or values.max() > 1:
        raise DataError(f"probabilities from {values.min():.4g} to {values.max():.4g}; give numbers from 0 to 1")
    bins = equal_mass_bins(values)
    counts = np.bincount(bins)
    observed = np.bincount(bins, truth) / counts
    people = np.bincount(np.unique(np.stack([bins, owners]), axis=1)[0])
    low, high = wilson(observed * people, people)
    gaps = Gaps.of(truth, values, owners)
    errors, noise = bootstrap(lambda drawn: np.stack(gaps.errors(drawn)), distinct, len(truth), resamples, seed)
    error = float(gaps.errors(np.ones((distinct, 1)))[0][0])
    return Reliability(
        predicted=_numbers(np.bincount(bins, values) / counts),
        observed=_numbers(observed),
        low=_numbers(low),
        high=_numbers(high),
        counts=tuple(int(count) for count in counts),
        histogram=tuple(int(count) for count in np.histogram(values, _HISTOGRAM_BINS, (0, 1))[0]),
        error=error_estimate(error, errors, noise) if distinct > 1 else Estimate(error),
    )


def _aligned(
    targets: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], Floats, Ints, int]:
    truth, values = np.asarray(targets), np.asarray(scores, dtype=np.float64)
    owners, distinct = number_patients(patients)
    if truth.ndim != 1 or truth.shape != values.shape or truth.shape != owners.shape:
        raise DataError(f"targets {truth.shape}, scores {values.shape}, patients {owners.shape}; give (n,) of each")
    if not len(truth):
        raise DataError("no images to draw a curve of; give at least one")
    if not np.isin(truth, (0, 1)).all() or not np.isfinite(values).all():
        raise DataError("a target beside 0 and 1, or a score that is not finite; give one class against the rest")
    return truth.astype(bool), values, owners, distinct


def _ranked(targets: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike) -> tuple[Ranking, int]:
    truth, values, owners, distinct = _aligned(targets, scores, patients)
    if truth.all() or not truth.any():
        lacking = "negative" if truth.all() else "positive"
        raise DataError(f"no {lacking} image among {len(truth)}; a curve needs images with and without the class")
    return Ranking.of(truth, values, owners), distinct


def _reached(ranking: Ranking, counts: Floats) -> tuple[Floats, Floats]:
    """Weight of positives and negatives from the highest score down to each threshold, from 0 on, shape (g + 1, b)."""
    positive, negative = (np.pad(weights.cumsum(axis=0), ((1, 0), (0, 0))) for weights in ranking.weigh(counts))
    return positive, negative


def _resampled(
    ranking: Ranking, patients: int, band: Callable[[Floats, Floats], Floats], draws: int, seed: int
) -> Floats:
    """AUROC, AUPRC and then the curve at the grid, of every resample; NaN where a class is missing."""

    def statistic(counts: Floats) -> Floats:
        found, wrong = _reached(ranking, counts)
        whole = (found[-1] > 0) & (wrong[-1] > 0) & (patients > 1)
        curves = np.full((len(_GRID), counts.shape[1]), np.nan)
        for column in np.flatnonzero(whole):
            curves[:, column] = band(found[:, column], wrong[:, column])
        areas = np.where(whole, ranking.areas(counts), np.nan)
        return np.concatenate([areas, curves])

    return bootstrap(statistic, patients, len(ranking.owners), draws, seed)


def _band(samples: Floats) -> tuple[Numbers, Numbers, Numbers]:
    low, high = percentile_ends(samples)
    return ((), (), ()) if np.isnan(low).any() else (_numbers(_GRID), _numbers(low), _numbers(high))


def _numbers(values: Floats) -> Numbers:
    return tuple(values.tolist())
