"""Write what was measured as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from benchmarks.coverage.cells import PATIENTS
from benchmarks.coverage.paired import REFERENCES
from chestnut.evaluation.metric_names import SHOWN, heading

#: What an interval of each metric should cover at least.
TARGET = dict.fromkeys(SHOWN, 0.93) | dict.fromkeys(("auprc", "f1", "calibration_error"), 0.91)

#: The largest width aimed at, in 3.92 standard deviations, and from how many patients and errors on.
WIDTH, WIDE_PATIENTS, WIDE_ERRORS = 1.35, 50, 10

Cells = Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]]

# As many standard errors below its target, a coverage has failed.
_ERRORS = 2.0


def failed(metric: str, found: Mapping[str, Any]) -> bool:
    """Return whether a coverage is below its target by more than chance explains."""
    target = TARGET[metric]
    error = (target * (1 - target) / max(1, found["repetitions"] * found["given"])) ** 0.5
    return bool(found["coverage"] < target - _ERRORS * error)


def coverage_lines(cells: Cells, way: str) -> list[str]:
    """Return the table of the minimum and the median coverage of each metric by the number of patients."""
    lines = [
        f"| metric | {' | '.join(f'{number:,}' for number in PATIENTS)} |",
        f"| --- |{' --- |' * len(PATIENTS)}",
    ]
    for metric in SHOWN:
        row = [_extremes([one["coverage"] for one in _at(cells, way, metric, number)]) for number in PATIENTS]
        lines.append(f"| {heading(metric)} | {' | '.join(row)} |")
    return lines


def flat_lines(cells: Cells) -> list[str]:
    """Return the table that sets the two ways side by side: coverage at least, and intervals without width at most."""
    lines = [
        "| metric | covers at least | by percentiles | without width at most | by percentiles |",
        "| --- | --- | --- | --- | --- |",
    ]
    for metric in SHOWN:
        rows = {way: [one for number in PATIENTS for one in _at(cells, way, metric, number)] for way in _WAYS}
        least = {way: _figure(min((one["coverage"] for one in found), default=None)) for way, found in rows.items()}
        flat = {way: _share(max((one["flat"] for one in found), default=None)) for way, found in rows.items()}
        lines.append(
            f"| {heading(metric)} | {least['own']} | {least['percentile']} | {flat['own']} | {flat['percentile']} |"
        )
    return lines


_WAYS = ("own", "percentile")


def width_lines(cells: Cells) -> list[str]:
    """Return the table of widths, where errors are many and elsewhere."""
    lines = [
        f"| metric | {WIDE_PATIENTS} patients and {WIDE_ERRORS} errors or more: median | highest | elsewhere: median |",
        "| --- | --- | --- | --- |",
    ]
    for metric in SHOWN:
        many: list[float] = []
        few: list[float] = []
        for name, ways in cells.items():
            found = ways.get("own", {}).get(metric)
            if found and found["ratio"] is not None:
                is_many = _patients(name) >= WIDE_PATIENTS and found["expected_errors"] >= WIDE_ERRORS
                (many if is_many else few).append(found["ratio"])
        row = (median(many) if many else None, max(many, default=None), median(few) if few else None)
        lines.append(f"| {heading(metric)} | {' | '.join(_figure(one) for one in row)} |")
    return lines


def worst_lines(cells: Cells, most: int = 12) -> list[str]:
    """Return the table of the lowest coverages, against their targets, each with its cell."""
    rows = sorted(
        (found["coverage"] - TARGET[metric], metric, name, found)
        for name, ways in cells.items()
        for metric, found in ways.get("own", {}).items()
        if metric in TARGET
    )
    lines = ["| cell | metric | covers | aim | |", "| --- | --- | --- | --- | --- |"]
    for _, metric, name, found in rows[: max(most, sum(failed(row[1], row[3]) for row in rows))]:
        verdict = "missed" if failed(metric, found) else "met, as far as chance tells"
        if found["coverage"] >= TARGET[metric]:
            verdict = "met"
        reached = f"{found['coverage']:.3f} ± {found['error']:.3f}"
        lines.append(f"| {name} | {heading(metric)} | {reached} | {TARGET[metric]} | {verdict} |")
    return lines


def sample_lines(cells: Cells) -> list[str]:
    """Return a sentence that says how much was measured."""
    rows = [(metric, found) for ways in cells.values() for metric, found in ways.get("own", {}).items()]
    counts = sorted({found["repetitions"] for _, found in rows})
    below = sum(found["coverage"] < TARGET[metric] for metric, found in rows)
    misses = sum(failed(metric, found) for metric, found in rows)
    return [
        f"In {len(cells)} populations, with {counts[0]:,} to {counts[-1]:,} samples of each, {len(rows):,} coverages "
        f"were measured. {below:,} are below their aim, {misses:,} by more than two standard errors: those are missed."
    ]


def _at(cells: Cells, way: str, metric: str, patients: int) -> Iterable[Mapping[str, Any]]:
    rows = [ways[way][metric] for name, ways in cells.items() if _patients(name) == patients and metric in ways[way]]
    return [one for one in rows if one["given"] * one["repetitions"] >= _FEWEST]


# With fewer intervals, as of an LR+ that is mostly infinite, a share of them says nothing.
_FEWEST = 20


def _patients(name: str) -> int:
    return int(name.split(" ", maxsplit=1)[0].replace(",", ""))


def _extremes(values: Iterable[float]) -> str:
    known = list(values)
    return f"{min(known):.2f} ({median(known):.2f})" if known else "–"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def test_lines(tests: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Return the table of how often equal networks are told apart, by the patients of a class."""
    numbers = sorted({_patients(name) for name in tests})
    names = dict.fromkeys(test for found in tests.values() for test in found if test not in REFERENCES)
    lines = [
        f"| test | {' | '.join(f'{number:,}' for number in numbers)} | where 10 differ | covers at least |",
        f"| --- |{' --- |' * (len(numbers) + 2)}",
    ]
    for test in names:
        rows = [(_patients(name), found[test]) for name, found in tests.items() if test in found]
        levels = [_pool([one for count, one in rows if count == number]) for number in numbers]
        many = _pool([one for _, one in rows if one["differing"] >= _DIFFERING])
        covered = _figure(min((one["coverage"] for _, one in rows if one["coverage"] is not None), default=None))
        lines.append(f"| {test} | {' | '.join(levels)} | {many} | {covered} |")
    return lines


# Patients of a class that differ, from which on the level of a test is aimed at.
_DIFFERING = 10


def _pool(rows: list[Mapping[str, Any]]) -> str:
    """Return the level over several cells, and the highest of one cell."""
    total = sum(one["repetitions"] for one in rows)
    if not total:
        return "–"
    level = sum(one["level"] * one["repetitions"] for one in rows) / total
    return f"{level:.3f} ({max(one['level'] for one in rows):.3f})"


def power_lines(tests: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Return the table of the power of tests, beside that of tests for independent images."""
    lines = [
        "| cell | AUROC | DeLong 1988 | accuracy | exact McNemar |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, found in tests.items():
        if not REFERENCES.keys() <= found.keys():
            continue
        row = [_power(found[test]) for own, other in _RIVALS for test in (own, other)]
        lines.append(f"| {name.replace(', 1 image', '').rsplit(', correlation', maxsplit=1)[0]} | {' | '.join(row)} |")
    return lines


_RIVALS = (("AUROC", "AUROC, DeLong 1988"), ("accuracy", "accuracy, McNemar exact"))


def _power(found: Mapping[str, Any]) -> str:
    return f"{found['power']:.2f} ({found['level']:.3f})"


def band_lines(bands: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Return the table of how often bands of curves hold the truth."""
    names = list(next(iter(bands.values()), {}))
    lines = [f"| cell | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for cell, found in bands.items():
        row = [f"{found[name]['mean']:.2f} ({found[name]['least']:.2f})" for name in names]
        lines.append(f"| {cell} | {' | '.join(row)} |")
    return lines


def fold_lines(folds: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Return the table of how often intervals of a mean over folds hold the truth, and their median widths."""
    names = list(next(iter(folds.values()), {}))
    lines = [f"| cross-validation | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for case, found in folds.items():
        row = [f"{found[name]['coverage']:.2f} ({found[name]['width']:.3f} wide)" for name in names]
        lines.append(f"| {case} | {' | '.join(row)} |")
    return lines
