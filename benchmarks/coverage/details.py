"""Measure the intervals of what an evaluation shows in more detail, and write their table of docs/evaluation.md.

    python -m benchmarks.coverage.details [--repetitions 200] [--processes 2] [--only line,fixed] [--cells ties]

The cells are those of the standard grid with two classes and 20 to 300 patients, ten minutes on one core. A cell of
which a coverage is low is measured again with five times as many new samples, and the second figure counts. With
`--cells`, results are only printed; else they are stored in benchmarks/coverage_details.json, which later runs
complete.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
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
from benchmarks.pages import fill
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.details.calibration_line import calibration_line
from chestnut.evaluation.details.decision_curve import decision_curve
from chestnut.evaluation.details.fixed_points import FIXED, fixed_points
from chestnut.evaluation.details.patient_level import patient_level, patient_scores
from chestnut.evaluation.details.predictive_values import predictive_values
from chestnut.evaluation.intervals.estimate import Estimate

HERE = Path(__file__).parent.parent
RESULTS = HERE / "coverage_details.json"
PAGE = HERE.parent / "docs" / "evaluation.md"

PATIENTS = (20, 50, 100, 300)
#: The threshold probabilities at which net benefit is looked at, and the prevalence that is stated.
THRESHOLDS, PREVALENCE = (0.1, 0.3, 0.5, 0.7), 0.1
#: What an interval should cover at least.
TARGET = 0.93

Task = tuple[Cell, int, int, tuple[str, ...]]

# What is kept of a figure.
_KEPT = ("coverage", "width", "ratio", "given", "repetitions")

# The number of patients of a population.
_PATIENTS = {"1": 400_000, "1–3": 200_000, "1–30": 60_000}
_CLIP = float(np.finfo(np.float32).eps)


def own_line(sample: Sample) -> dict[str, Estimate]:
    """Return the calibration line as `chestnut evaluate` gives it."""
    line = calibration_line(*_parts(sample))
    return dict(zip(_LINE, (line.slope, line.intercept, line.in_the_large), strict=True))


def own_fixed_points(sample: Sample) -> dict[str, Estimate]:
    """Return the fixed points."""
    return {f"{point.name} at {point.fixed} {point.at:g}": point.figure for point in fixed_points(*_parts(sample))}


def own_predictive_values(sample: Sample) -> dict[str, Estimate]:
    """Return the predictive values at a stated prevalence."""
    truth, scores, owners = _parts(sample)
    (found,) = predictive_values(truth, scores >= sample.threshold, owners, (PREVALENCE,))
    return dict(zip(_PREDICTIVE, (found.precision, found.npv), strict=True))


def own_net_benefit(sample: Sample) -> dict[str, Estimate]:
    """Return the net benefit at some thresholds, at the prevalence of the sample and at a stated one."""
    figures = {}
    for prevalence in (None, PREVALENCE):
        curve = decision_curve(*_parts(sample), prevalence)
        for threshold in THRESHOLDS:
            at = round(100 * threshold) - 1
            ends = curve.net_benefit[at], curve.low[at], curve.high[at]
            figures[_benefit(threshold, prevalence)] = Estimate(*ends)
    return figures


def own_patients(sample: Sample) -> dict[str, Estimate]:
    """Return the figures with one row a patient."""
    truth, scores, owners = _parts(sample)
    found = patient_level(truth, scores, patient_scores(scores, owners, "mean") >= sample.threshold, owners, "mean")
    return dict(zip(_PATIENT_FIGURES, (found.auroc, found.accuracy, found.sensitivity, found.specificity), strict=True))


_LINE = ("calibration slope", "calibration intercept", "calibration in the large")
_PREDICTIVE = (f"precision at prevalence {PREVALENCE:g}", f"NPV at prevalence {PREVALENCE:g}")
_PATIENT_FIGURES = ("AUROC of patients", "accuracy of patients", "sensitivity of patients", "specificity of patients")


def _parts(sample: Sample) -> tuple[Any, Floats, Ints]:
    return sample.truth == 1, sample.probabilities[:, 1], sample.patients


def _benefit(threshold: float, prevalence: float | None) -> str:
    return f"net benefit at {threshold:g}{'' if prevalence is None else f', prevalence {prevalence:g}'}"


@lru_cache(maxsize=4)
def population(cell: Cell) -> Sample:
    """Return a population, drawn at random."""
    numbers = np.round(np.array(patient_shares(cell.patients, cell.prior)) * _PATIENTS[cell.images]).astype(int)
    return draw_images(cell, np.repeat(np.arange(2), numbers), np.random.default_rng(cell.seed))


def true_line(sample: Sample) -> dict[str, float]:
    """Return the calibration line of a population."""
    truth, scores, _ = _parts(sample)
    intercept, slope = _fit(truth, scores)
    return dict(zip(_LINE, (slope, intercept, _fit(truth, scores, slope=1.0)[0]), strict=True))


def true_fixed_points(sample: Sample) -> dict[str, float]:
    """Return the fixed points of a population."""
    positive, negative = _sorted(sample)
    figures = {}
    for at in FIXED:
        figures[f"sensitivity at specificity {at:g}"] = _reaching(positive, _above(negative, at))
    for at in FIXED:
        figures[f"specificity at sensitivity {at:g}"] = 1 - _reaching(negative, _from(positive, at))
    return figures


def true_predictive_values(sample: Sample) -> dict[str, float]:
    """Return the predictive values of a population in which the class has the stated prevalence."""
    sensitivity, wrong = (_reaching(part, sample.threshold) for part in _sorted(sample))
    found, false = PREVALENCE * sensitivity, (1 - PREVALENCE) * wrong
    passed, missed = (1 - PREVALENCE) * (1 - wrong), PREVALENCE * (1 - sensitivity)
    return dict(zip(_PREDICTIVE, (found / (found + false), passed / (passed + missed)), strict=True))


def true_net_benefit(sample: Sample) -> dict[str, float]:
    """Return the net benefit of a population."""
    positive, negative = _sorted(sample)
    figures = {}
    for prevalence in (None, PREVALENCE):
        share = float((sample.truth == 1).mean()) if prevalence is None else prevalence
        for threshold in THRESHOLDS:
            false = (1 - share) * _reaching(negative, threshold) * threshold / (1 - threshold)
            figures[_benefit(threshold, prevalence)] = share * _reaching(positive, threshold) - false
    return figures


def true_patients(sample: Sample) -> dict[str, float]:
    """Return the figures of the patients of a population."""
    images = np.bincount(sample.patients)
    sick = np.bincount(sample.patients, sample.truth == 1) > 0
    means = np.bincount(sample.patients, sample.probabilities[:, 1]) / images
    decided, positives = means >= sample.threshold, int(sick.sum())
    ranks = rankdata(means)[sick].sum() - positives * (positives + 1) / 2
    area = ranks / (positives * (len(sick) - positives))
    shares = (decided == sick).mean(), decided[sick].mean(), (~decided[~sick]).mean()
    return dict(zip(_PATIENT_FIGURES, map(float, (area, *shares)), strict=True))


def _sorted(sample: Sample) -> tuple[Floats, Floats]:
    truth, scores, _ = _parts(sample)
    return np.sort(scores[truth]), np.sort(scores[~truth])


#: The kinds of figures: how they are estimated from a sample, and their truth.
KINDS: dict[str, tuple[Callable[[Sample], dict[str, Estimate]], Callable[[Sample], dict[str, float]]]] = {
    "line": (own_line, true_line),
    "fixed": (own_fixed_points, true_fixed_points),
    "predictive": (own_predictive_values, true_predictive_values),
    "benefit": (own_net_benefit, true_net_benefit),
    "patients": (own_patients, true_patients),
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


def measure(task: Task) -> tuple[str, dict[str, Any]]:
    """Draw samples of a cell, and compare the intervals with the truth."""
    cell, repetitions, seed, kinds = task
    random = np.random.default_rng([seed, cell.seed])
    truth = {name: figure for kind in kinds for name, figure in KINDS[kind][1](population(cell)).items()}
    rows: dict[str, list[tuple[Estimate, float]]] = {name: [] for name in truth}
    for _ in range(repetitions):
        sample = draw(cell, random)
        for kind in kinds:
            for name, found in KINDS[kind][0](sample).items():
                rows[name].append((found, truth[name]))
    given = {name: found for name, found in rows.items() if any(one.low is not None for one, _ in found)}
    measured = {name: summarise(found, repetitions, 0.0).to_dict() for name, found in given.items()}
    return cell.name, {name: {key: one[key] for key in _KEPT} for name, one in measured.items()}


def measure_all(
    cells: list[Cell], repetitions: int, processes: int, kinds: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """Measure cells, and again with more samples where a coverage is low."""
    found = dict(_run([(cell, repetitions, 0, kinds) for cell in cells], processes))
    again = [cell for cell in cells if any(_is_low(one) for one in found[cell.name].values())]
    for name, figures in _run([(cell, grids.CONFIRM * repetitions, 1, kinds) for cell in again], processes):
        found[name] |= {figure: one for figure, one in figures.items() if _is_low(found[name].get(figure, one))}
    return found


def _is_low(found: Mapping[str, Any]) -> bool:
    count = max(1, found["repetitions"] * found["given"])
    return bool(found["coverage"] < TARGET - (TARGET * (1 - TARGET) / count) ** 0.5)


def _run(tasks: list[Task], processes: int) -> Iterator[tuple[str, dict[str, Any]]]:
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
        width = f"{median(ratios):.2f}" if ratios else "–"
        lines.append(f"| {name} | {' | '.join(row)} | {width} |")
    return lines


def main() -> None:
    """Measure the cells; print the table, and store it where nothing is left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=grids.REPETITIONS)
    parser.add_argument("--cells", default="", help="a part of the names of cells")
    parser.add_argument("--only", default=",".join(KINDS), help="kinds of figures, with commas")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    chosen = [
        cell
        for cell in grids.standard_grid()
        if cell.classes == 2 and cell.patients in PATIENTS and given.cells in cell.name
    ]
    found = measure_all(chosen, given.repetitions, given.processes, tuple(given.only.split(",")))
    if given.cells:
        print("\n".join(table_lines(found)))
        return
    known = json.loads(RESULTS.read_text(encoding="utf-8"))["cells"] if RESULTS.is_file() else {}
    cells = {name: known.get(name, {}) | figures for name, figures in found.items()}
    lines = table_lines(cells)
    print("\n".join(lines))
    body = ",\n".join(f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(one)}" for name, one in cells.items())
    RESULTS.write_text(f'{{\n"samples": {given.repetitions},\n"cells": {{\n{body}\n}}\n}}\n', encoding="utf-8")
    fill(PAGE, {"coverage-details": lines})


if __name__ == "__main__":
    main()
