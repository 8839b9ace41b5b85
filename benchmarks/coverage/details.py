"""Measure the intervals of what an evaluation shows in more detail, and write their table of docs/evaluation.md.

    python -m benchmarks.coverage.details [--repetitions 200] [--cells "50 patients"] [--processes 1]

The cells are those of the standard grid with two classes and 20 to 300 patients, ten minutes on one core. A cell of
which a coverage is low is measured again with five times as many new samples, and the second figure counts. With
`--cells`, results are only printed; else they are stored in benchmarks/coverage_details.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import logit
from scipy.stats import rankdata

from benchmarks.coverage import cells as grids
from benchmarks.coverage.cohorts import Cell, Sample, draw, draw_images, patient_shares
from benchmarks.coverage.measure import summarise
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.details.decision_curve import DecisionCurve, decision_curve
from chestnut.evaluation.details.details import ClassDetails, Predicted, compute_details
from chestnut.evaluation.intervals.estimate import Estimate

HERE = Path(__file__).parent.parent
RESULTS = HERE / "coverage_details.json"
PAGE = HERE.parent / "docs" / "evaluation.md"

PATIENTS = (20, 50, 100, 300)
#: The threshold probabilities at which net benefit is looked at, and the prevalence that is stated.
THRESHOLDS, PREVALENCE = (0.1, 0.3, 0.5, 0.7), 0.1
#: What an interval should cover at least.
TARGET = 0.93

# The number of patients of a population.
_PATIENTS = {"1": 400_000, "1–3": 200_000, "1–30": 60_000}
_CLIP = float(np.finfo(np.float32).eps)


def own_figures(sample: Sample) -> dict[str, Estimate]:
    """Return every figure as `chestnut evaluate` gives it."""
    names = ["0", "1"]
    predicted = Predicted(
        sample.truth, sample.probabilities, sample.patients.astype(str), names, names[1], sample.threshold
    )
    found = compute_details(predicted, PREVALENCE).classes[names[1]]
    own = decision_curve(sample.truth == 1, sample.probabilities[:, 1], sample.patients)
    return _figures(found, own)


def _figures(found: ClassDetails, own: DecisionCurve) -> dict[str, Estimate]:
    figures = {
        "calibration slope": found.line.slope,
        "calibration intercept": found.line.intercept,
        "calibration in the large": found.line.in_the_large,
    }
    figures |= {f"{point.name} at {point.fixed} {point.at:g}": point.figure for point in found.fixed_points}
    (values,) = found.predictive_values
    figures |= {f"precision at prevalence {PREVALENCE:g}": values.precision}
    figures |= {f"NPV at prevalence {PREVALENCE:g}": values.npv}
    for words, curve in (("", own), (f", prevalence {PREVALENCE:g}", found.decision_curve)):
        for threshold in THRESHOLDS:
            at = round(100 * threshold) - 1
            ends = curve.net_benefit[at], curve.low[at], curve.high[at]
            figures[f"net benefit at {threshold:g}{words}"] = Estimate(*ends)
    patients = found.patients
    figures |= {"AUROC of patients": patients.auroc, "accuracy of patients": patients.accuracy}
    return figures | {
        "sensitivity of patients": patients.sensitivity,
        "specificity of patients": patients.specificity,
    }


@lru_cache(maxsize=64)
def true_figures(cell: Cell) -> dict[str, float]:
    """Return the true value of every figure, by plain NumPy on a population that is drawn at random."""
    count = _PATIENTS[cell.images]
    numbers = np.round(np.array(patient_shares(cell.patients, cell.prior)) * count).astype(int)
    sample = draw_images(cell, np.repeat(np.arange(2), numbers), np.random.default_rng(cell.seed))
    truth, scores = sample.truth == 1, sample.probabilities[:, 1]
    intercept, slope = _fit(truth, scores)
    figures = {
        "calibration slope": slope,
        "calibration intercept": intercept,
        "calibration in the large": _fit(truth, scores, slope=1.0)[0],
    }
    positive, negative = np.sort(scores[truth]), np.sort(scores[~truth])
    for at in (0.9, 0.95, 0.99):
        figures[f"sensitivity at specificity {at:g}"] = _reaching(positive, _above(negative, at))
        figures[f"specificity at sensitivity {at:g}"] = 1 - _reaching(negative, _from(positive, at))
    sensitivity, wrong = (_reaching(part, sample.threshold) for part in (positive, negative))
    found, false = PREVALENCE * sensitivity, (1 - PREVALENCE) * wrong
    passed, missed = (1 - PREVALENCE) * (1 - wrong), PREVALENCE * (1 - sensitivity)
    figures[f"precision at prevalence {PREVALENCE:g}"] = found / (found + false)
    figures[f"NPV at prevalence {PREVALENCE:g}"] = passed / (passed + missed)
    for threshold in THRESHOLDS:
        odds = threshold / (1 - threshold)
        rates = np.array([_reaching(positive, threshold), -odds * _reaching(negative, threshold)])
        own = float(truth.mean())
        figures[f"net benefit at {threshold:g}"] = float(rates @ [own, 1 - own])
        figures[f"net benefit at {threshold:g}, prevalence {PREVALENCE:g}"] = float(
            rates @ [PREVALENCE, 1 - PREVALENCE]
        )
    return figures | _true_of_patients(sample)


def _true_of_patients(sample: Sample) -> dict[str, float]:
    images = np.bincount(sample.patients)
    sick = np.bincount(sample.patients, sample.truth == 1) > 0
    means = np.bincount(sample.patients, sample.probabilities[:, 1]) / images
    decided, positives = means >= sample.threshold, int(sick.sum())
    ranks = rankdata(means)[sick].sum() - positives * (positives + 1) / 2
    return {
        "AUROC of patients": float(ranks / (positives * (len(sick) - positives))) if positives < len(sick) else np.nan,
        "accuracy of patients": float((decided == sick).mean()),
        "sensitivity of patients": float(decided[sick].mean()),
        "specificity of patients": float((~decided[~sick]).mean()) if positives < len(sick) else np.nan,
    }


def _fit(truth: Any, scores: Floats, slope: float | None = None) -> tuple[float, float]:
    """Return intercept and slope of the calibration line; the slope may be given."""
    logits, sign = logit(np.clip(scores, _CLIP, 1 - _CLIP)), np.where(truth, -1.0, 1.0)

    def loss(line: Floats) -> tuple[float, Floats]:
        margin = sign * (line[0] + (line[1] if slope is None else slope) * logits)
        part = sign / (1 + np.exp(-margin))
        gradient = np.array([part.mean(), (part * logits).mean()])
        return float(np.logaddexp(0, margin).mean()), gradient[: len(line)]

    start = np.array([0.0, 1.0] if slope is None else [0.0])
    line = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7}).x
    return float(line[0]), float(line[1]) if slope is None else slope


def _reaching(rising: Floats, threshold: float) -> float:
    return 1 - float(np.searchsorted(rising, threshold, side="left")) / len(rising)


def _above(negative: Floats, share: float) -> float:
    """Return the lowest threshold below which there is at least a share of the negative scores."""
    return float(np.nextafter(negative[int(np.ceil(share * len(negative))) - 1], np.inf))


def _from(positive: Floats, share: float) -> float:
    """Return the highest threshold from which there is at least a share of the positive scores."""
    return float(positive[len(positive) - int(np.ceil(share * len(positive)))])


def measure(task: tuple[Cell, int, int]) -> tuple[str, dict[str, Any]]:
    """Draw samples of a cell, and compare the intervals with the truth."""
    cell, repetitions, seed = task
    random, truth = np.random.default_rng([seed, cell.seed]), true_figures(cell)
    rows: dict[str, list[tuple[Estimate, float]]] = {name: [] for name in truth}
    for _ in range(repetitions):
        for name, found in own_figures(draw(cell, random)).items():
            rows[name].append((found, truth[name]))
    given = {name: found for name, found in rows.items() if any(one.low is not None for one, _ in found)}
    return cell.name, {name: summarise(found, repetitions, 0.0).to_dict() for name, found in given.items()}


def measure_all(cells: list[Cell], repetitions: int, processes: int) -> dict[str, dict[str, Any]]:
    """Measure cells, and again with more samples where a coverage is low."""
    found = dict(_run([(cell, repetitions, 0) for cell in cells], processes))
    again = [cell for cell in cells if any(_is_low(one) for one in found[cell.name].values())]
    for name, figures in _run([(cell, grids.CONFIRM * repetitions, 1) for cell in again], processes):
        low = {figure: one for figure, one in figures.items() if _is_low(found[name].get(figure, one))}
        found[name] |= low
    return found


def _is_low(found: Mapping[str, Any]) -> bool:
    count = max(1, found["repetitions"] * found["given"])
    return bool(found["coverage"] < TARGET - (TARGET * (1 - TARGET) / count) ** 0.5)


def _run(tasks: list[tuple[Cell, int, int]], processes: int) -> Iterator[tuple[str, dict[str, Any]]]:
    if processes == 1:
        done = map(measure, tasks)
    else:
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
        done = pool.map(measure, tasks)
    for number, (name, figures) in enumerate(done, start=1):
        low = ", ".join(f"{figure} {one['coverage']:.3f}" for figure, one in figures.items() if _is_low(one))
        print(f"{number}/{len(tasks)} {name}: {low}", flush=True)
        yield name, figures


def table_lines(cells: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the table: the least and the median coverage of each figure by the number of patients, and its width."""
    names = list(dict.fromkeys(name for figures in cells.values() for name in figures))
    lines = [
        f"| figure | {' | '.join(f'{number} patients' for number in PATIENTS)} | width |",
        f"| --- |{' --- |' * (len(PATIENTS) + 1)}",
    ]
    for name in names:
        row = []
        for number in PATIENTS:
            found = [
                figures[name]
                for cell, figures in cells.items()
                if int(cell.split()[0]) == number and figures.get(name, {"given": 0})["given"] >= 0.5
            ]
            shares = [one["coverage"] for one in found]
            row.append(f"{min(shares):.2f}, {median(shares):.2f}" if shares else "–")
        ratios = [
            figures[name]["ratio"]
            for cell, figures in cells.items()
            if int(cell.split()[0]) >= 50 and name in figures and figures[name]["ratio"] is not None
        ]
        lines.append(f"| {name} | {' | '.join(row)} | {median(ratios):.2f} |")
    return lines


def main() -> None:
    """Measure the cells; print the table, and store it where nothing is left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=grids.REPETITIONS)
    parser.add_argument("--cells", default="", help="a part of the names of cells")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    chosen = [
        cell
        for cell in grids.standard_grid()
        if cell.classes == 2 and cell.patients in PATIENTS and given.cells in cell.name
    ]
    found = measure_all(chosen, given.repetitions, given.processes)
    lines = table_lines(found)
    print("\n".join(lines))
    if not given.cells:
        body = ",\n".join(f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(one)}" for name, one in found.items())
        RESULTS.write_text(f'{{\n"samples": {given.repetitions},\n"cells": {{\n{body}\n}}\n}}\n', encoding="utf-8")
        start, end = "<!-- coverage-details -->", "<!-- /coverage-details -->"
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(start)
        PAGE.write_text("\n".join([before + start, *lines, end + rest.partition(end)[2]]), encoding="utf-8")


if __name__ == "__main__":
    main()
