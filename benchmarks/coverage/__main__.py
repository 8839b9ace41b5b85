"""Measure intervals and paired tests on simulated patients, and write the tables of docs/evaluation.md.

    python -m benchmarks.coverage [--full] [--processes 2] [--parts intervals,tests,bands,folds]
    python -m benchmarks.coverage [--only auroc,sensitivity] [--cells "50 patients, AUROC 0.98"]

The intervals of the standard grid take about ten minutes on two cores, the other parts about five more; `--full`
measures every cell, with 1,000 samples of each, in hours. A cell of which a coverage is low is measured again with five
times as many new samples, and one of which a test's level is high with three times as many; the second figure counts.
Where anything is left out, results are only printed; else they are stored in benchmarks/coverage.json, which later runs
complete.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.coverage import cells as grids
from benchmarks.coverage.folds import CASES, NETWORKS, measure_case
from benchmarks.coverage.measure import Coverage
from benchmarks.coverage.tables import (
    band_lines,
    coverage_lines,
    flat_lines,
    fold_lines,
    power_lines,
    sample_lines,
    test_lines,
    width_lines,
    worst_lines,
)
from benchmarks.coverage.ways import WAYS
from benchmarks.coverage.workers import measure_bands_task, measure_grid, measure_pairs, measure_simple, run_all
from benchmarks.pages import fill
from chestnut.evaluation.metric_names import METRICS

HERE = Path(__file__).parent.parent
RESULTS = HERE / "coverage.json"
PAGES = tuple(HERE.parent / "docs" / name for name in ("evaluation.md", "crossval.md"))

#: What is stored of each coverage.
COLUMNS = tuple(one.name for one in fields(Coverage))


def write_results(results: dict[str, Any]) -> None:
    """Store results, one line a cell; coverages as rows of `COLUMNS`."""
    parts = []
    for part, found in results.items():
        rows = _map_coverages(found, lambda one: [one[name] for name in COLUMNS]) if part == "cells" else found
        lines = [
            f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(one, ensure_ascii=False)}"
            for name, one in rows.items()
        ]
        parts.append(f"{json.dumps(part)}: {{\n" + ",\n".join(lines) + "\n}")
    RESULTS.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def read_results() -> dict[str, Any]:
    """Read what `write_results` stored; nothing if there is no file."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    if "cells" in results:
        results["cells"] = _map_coverages(results["cells"], lambda row: dict(zip(COLUMNS, row, strict=True)))
    return results


def _map_coverages(cells: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        name: {way: {metric: change(one) for metric, one in found.items()} for way, found in ways.items()}
        for name, ways in cells.items()
    }


def write_tables(results: dict[str, Any]) -> None:
    """Write the tables between the marks of the pages."""
    tables = make_tables(results)
    for page in PAGES:
        fill(page, tables)


def make_tables(results: dict[str, Any]) -> dict[str, list[str]]:
    """Return the lines of each table by the name of its marks."""
    found: dict[str, list[str]] = {}
    if cells := results.get("cells"):
        found |= {
            "coverage-ways": flat_lines(cells),
            "coverage": coverage_lines(cells, "own"),
            "coverage-widths": width_lines(cells),
            "coverage-worst": worst_lines(cells),
            "coverage-samples": sample_lines(cells),
        }
    if tests := results.get("tests"):
        found |= {"coverage-tests": test_lines(tests), "coverage-power": power_lines(tests)}
    if bands := results.get("bands"):
        found["coverage-bands"] = band_lines(bands)
    if folds := results.get("folds"):
        found["coverage-folds"] = fold_lines(folds)
    return found


def main() -> None:
    """Measure the chosen cells and metrics; print the tables, and store them where nothing is left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="every cell, with 1,000 samples of each")
    parser.add_argument("--parts", default=",".join(PARTS), help="what to measure, with commas; empty for tables")
    parser.add_argument("--only", default="", help="metrics, with commas")
    parser.add_argument("--cells", default="", help="a part of the names of cells")
    parser.add_argument("--samples", type=int, help="samples of each cell")
    parser.add_argument("--ways", default=",".join(WAYS), help="own and percentile, with commas")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    results = read_results()
    for part in filter(None, given.parts.split(",")):
        found = PARTS[part](given)
        results |= found
        print("\n\n".join("\n".join(lines) for lines in make_tables(found).values()))
        if not (given.only or given.cells or given.samples or given.ways != ",".join(WAYS)):
            write_results(results)
            write_tables(results)
    if not given.parts:
        write_tables(results)


def measure_intervals(given: argparse.Namespace) -> dict[str, Any]:
    """Measure the intervals of the chosen metrics in the chosen cells."""
    grid = grids.full_grid() if given.full else grids.standard_grid()
    counts = {cell: grids.FULL_REPETITIONS if given.full else grids.standard_repetitions(cell) for cell in grid}
    chosen = {cell: given.samples or count for cell, count in counts.items() if given.cells in cell.name}
    metrics = tuple(filter(None, given.only.split(","))) or tuple(METRICS)
    return {"cells": measure_grid(chosen, given.ways.split(","), given.processes, metrics)}


def measure_tests(given: argparse.Namespace) -> dict[str, Any]:
    """Measure the tests of two networks in the chosen cells."""
    count = given.samples or (grids.FULL_PAIRED_REPETITIONS if given.full else grids.PAIRED_REPETITIONS)
    chosen = [known for known in grids.standard_pairs() if given.cells in known.name]
    return {"tests": measure_pairs(chosen, count, given.processes)}


def measure_curves(given: argparse.Namespace) -> dict[str, Any]:
    """Measure the bands of curves in the chosen cells."""
    count = given.samples or (grids.FULL_REPETITIONS if given.full else grids.BAND_REPETITIONS)
    tasks = [(cell, count) for cell in grids.band_cells() if given.cells in cell.name]
    return {"bands": measure_simple(measure_bands_task, tasks, given.processes)}


def measure_means(given: argparse.Namespace) -> dict[str, Any]:
    """Measure the intervals of means over folds."""
    count = given.samples or (grids.FULL_REPETITIONS if given.full else grids.PAIRED_REPETITIONS)
    tasks = [(case, networks, count) for case in CASES for networks in NETWORKS]
    found = dict(run_all(measure_case, tasks, given.processes))
    return {"folds": {name: found[name] for name in sorted(found, key=_numbers)}}


def _numbers(name: str) -> list[float]:
    return [float(part.replace(",", "")) for part in re.findall(r"[\d.,]*\d", name)]


PARTS = {"intervals": measure_intervals, "tests": measure_tests, "bands": measure_curves, "folds": measure_means}


if __name__ == "__main__":
    main()
