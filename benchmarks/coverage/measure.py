"""Measure how often intervals hold the truth, and how wide they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.coverage.cohorts import Cell, Sample, draw, image_shares, patient_shares
from benchmarks.coverage.population import true_figures
from benchmarks.coverage.ways import Way
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import METRICS

# An interval of a normal figure is so many standard deviations wide.
_NORMAL = 2 * 1.959964

# Rounding: an end at 1 holds a truth of 1.
_SLACK = 1e-6


@dataclass(frozen=True)
class Coverage:
    """The intervals of one metric in one cell.

    Attributes:
        coverage: The share of the intervals that hold the truth.
        error: The Monte Carlo standard error of that share.
        width: The median width; None where it is infinite.
        ratio: That, divided by 3.92 standard deviations of the figure; None where it does not vary.
        flat: The share of the intervals without width.
        given: The share of the samples in which the figure has an interval.
        expected_errors: How many of the patients that the metric is about are decided wrongly, in the mean.
        repetitions: The number of samples.
    """

    coverage: float
    error: float
    width: float | None
    ratio: float | None
    flat: float
    given: float
    expected_errors: float
    repetitions: int

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes, rounded, for JSON."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def measure(
    cell: Cell, way: Way, repetitions: int, seed: int = 0, metrics: Sequence[str] = tuple(METRICS)
) -> dict[str, Coverage]:
    """Draw samples of a cell and compare the intervals of a way with the truth.

    Args:
        cell: The population and the number of patients.
        way: Gives the metrics of a sample, each with its interval; it may leave some out.
        repetitions: The number of samples.
        seed: Equal seeds give equal samples, for every way.
        metrics: The metrics to look at.

    Returns:
        The coverage of each metric that has an interval in at least one sample.
    """
    random = np.random.default_rng([seed, cell.seed])
    rows: dict[str, list[tuple[Estimate, float]]] = {name: [] for name in metrics}
    for _ in range(repetitions):
        sample = draw(cell, random)
        truth = true_figures(cell, len(sample.truth))
        for name, found in way(sample).items():
            if name in rows:
                rows[name].append((found, truth[name]))
    errors = expected_errors(cell)
    return {
        name: summarise(found, repetitions, errors[name])
        for name, found in rows.items()
        if any(one.low is not None for one, _ in found)
    }


def summarise(found: Sequence[tuple[Estimate, float]], repetitions: int, errors: float) -> Coverage:
    """Summarise estimates, each with the true figure. An end that is None beside another is infinite."""
    known = [(one, truth) for one, truth in found if one.low is not None]
    low = np.array([one.low for one, _ in known], dtype=np.float64)
    high = np.array([np.inf if one.high is None else one.high for one, _ in known])
    truth = np.array([truth for _, truth in known])
    values = np.array([one.value for one, _ in known if one.value is not None], dtype=np.float64)
    share = float(((low <= truth + _SLACK) & (truth - _SLACK <= high)).mean())
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    width = float(np.median(high - low))
    return Coverage(
        coverage=share,
        error=float(np.sqrt(share * (1 - share) / len(known))),
        width=width if np.isfinite(width) else None,
        ratio=width / (_NORMAL * deviation) if deviation > 0 and np.isfinite(width) else None,
        flat=float((high == low).mean()),
        given=len(known) / repetitions,
        expected_errors=errors,
        repetitions=repetitions,
    )


def expected_errors(cell: Cell) -> dict[str, float]:
    """Return, for each metric, how many of the patients that it is about are decided wrongly, in the mean.

    Of a figure about several classes, the class with the fewest errors counts.
    """
    truth = true_figures(cell, 1000)
    share = image_shares(cell) if cell.variant == "mixed" else np.array(patient_shares(cell.patients, cell.prior))
    classes, last = share * cell.patients, float(share[-1])
    missed = float(classes[-1]) * (1 - truth["sensitivity"])
    wrong = float(classes[0]) * (1 - truth["specificity"])
    decided = last * truth["sensitivity"] + (1 - last) * (1 - truth["specificity"])
    one_group = {
        "accuracy": cell.patients * (1 - truth["accuracy"]),
        "sensitivity": missed,
        "specificity": wrong,
        "precision": cell.patients * decided * (1 - truth["precision"]),
        "npv": cell.patients * (1 - decided) * (1 - truth["npv"]),
    }
    return dict.fromkeys(METRICS, min(missed, wrong)) | one_group


def sample_of(cell: Cell, seed: int = 0) -> Sample:
    """Return the first sample that `measure` draws of a cell."""
    return draw(cell, np.random.default_rng([seed, cell.seed]))
