"""Measure how often the interval of the mean over folds holds the figure that a recipe reaches in the mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import t

from benchmarks.coverage.cohorts import Cell, draw_pair
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.studies.crossval.spread import Spread

#: How many standard deviations the networks of a recipe differ in how far they separate the classes.
NETWORKS = (0.0, 0.2)

#: The patients, the true AUROC, the folds and the repeats of the cross-validations.
CASES = ((60, 0.98, 5, 1), (300, 0.9, 3, 1), (300, 0.9, 5, 1), (300, 0.9, 5, 3), (1000, 0.9, 3, 1), (1000, 0.98, 10, 1))

Repeats = list[list[Estimate]]


def measure_folds(cell: Cell, folds: int, repeats: int, networks: float, samples: int, seed: int = 0) -> dict[str, Any]:
    """Measure ways to bound the mean AUROC over folds.

    Args:
        cell: The population and the number of patients in all folds together.
        folds: The number of folds.
        repeats: How often the patients are divided into folds.
        networks: The standard deviation of the separation of the classes between networks.
        samples: The number of cross-validations.
        seed: Equal seeds give equal samples.

    Returns:
        The coverage of each way, and the median width.
    """
    random = np.random.default_rng([seed, cell.seed, folds, repeats, round(100 * networks)])
    middle = float(np.sqrt(2) * ndtri(cell.auroc))
    truth = float(ndtr((middle + networks * np.linspace(-4, 4, 4001)) / np.sqrt(2)) @ _weights(4001))
    ends: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for _ in range(samples):
        found: Repeats = [[] for _ in range(repeats)]
        for _ in range(folds):
            areas = ndtr((middle + networks * random.standard_normal(repeats)) / np.sqrt(2))
            part = replace(cell, patients=cell.patients // folds, auroc=float(areas[0]))
            sample = draw_pair(part, random, others=tuple(map(float, areas[1:])))
            for number, one in enumerate(sample.probabilities):
                found[number].append(auroc_estimate(sample.truth == 1, one[:, 1], sample.patients))
        for name, way in WAYS.items():
            ends[name].append(way(found))
    return {
        name: {
            "coverage": float(np.mean([low <= truth <= high for low, high in rows])),
            "width": float(np.median([high - low for low, high in rows])),
        }
        for name, rows in ends.items()
    }


def measure_case(task: tuple[tuple[int, float, int, int], float, int]) -> tuple[str, dict[str, Any]]:
    """Measure one of `CASES` with networks that differ by so much; return its name and the results."""
    (patients, area, folds, repeats), networks, samples = task
    times = f", {repeats} repeats" if repeats > 1 else ""
    alike = "networks differ" if networks else "networks as good"
    name = f"{patients:,} patients, AUROC {area:g}, {folds} folds{times}, {alike}"
    return name, measure_folds(Cell(patients, area), folds, repeats, networks, samples)


def _weights(count: int) -> Any:
    weights = np.exp(-(np.linspace(-4, 4, count) ** 2) / 2)
    return weights / weights.sum()


def _own(found: Repeats) -> tuple[float, float]:
    spread = Spread.of("auroc", found)
    return spread.low or 0.0, 1.0 if spread.high is None else spread.high


def _errors(found: Repeats) -> tuple[float, float]:
    """Return what readers make of mean ± deviation: the mean and two standard errors."""
    values = [float(one.value or 0) for folds in found for one in folds]
    reach = 1.96 * stdev(values) / len(values) ** 0.5
    return fmean(values) - reach, fmean(values) + reach


def _student(found: Repeats) -> tuple[float, float]:
    values = [float(one.value or 0) for folds in found for one in folds]
    reach = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return fmean(values) - reach, fmean(values) + reach


#: The ways by what they are called in tables.
WAYS: dict[str, Callable[[Repeats], tuple[float, float]]] = {
    "interval of the mean": _own,
    "mean ± 1.96 standard errors": _errors,
    "Student's t": _student,
}
