"""Measure intervals and paired tests on simulated patients, and write the tables of docs/evaluation.md.

    python -m benchmarks.coverage [--full] [--processes 2] [--part intervals,tests]
    python -m benchmarks.coverage [--only auroc,sensitivity] [--cells "50 patients, AUROC 0.98"]

The standard grid takes about ten minutes on two cores; `--full` measures every cell, with 1,000 samples of each, in
hours. A cell of which a coverage is low is measured again with five times as many new samples, and the second figure
counts. Where anything is left out, results are only printed; else they are stored in benchmarks/coverage.json, which
later runs complete.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks.coverage import cells as grids
from benchmarks.coverage.cohorts import Cell
from benchmarks.coverage.measure import measure
from benchmarks.coverage.tables import TARGET, coverage_lines, failed, flat_lines, width_lines, worst_lines
from benchmarks.coverage.ways import WAYS
from chestnut.evaluation.metric_names import METRICS

HERE = Path(__file__).parent.parent
RESULTS = HERE / "coverage.json"
PAGE = HERE.parent / "docs" / "evaluation.md"

Task = tuple[Cell, str, int, int, tuple[str, ...]]


def measure_task(task: Task) -> tuple[str, str, dict[str, Any]]:
    """Measure one cell by one way."""
    cell, way, repetitions, seed, metrics = task
    found = measure(cell, WAYS[way], repetitions, seed, metrics)
    return cell.name, way, {metric: one.to_dict() for metric, one in found.items()}


def measure_all(tasks: Iterable[Task], processes: int) -> dict[str, dict[str, Any]]:
    """Measure cells in several processes, the slowest first; return results by cell and way."""
    rows = sorted(tasks, key=lambda task: -grids.cost(task[0]) * task[2])
    found: dict[str, dict[str, Any]] = {task[0].name: {} for task in rows}
    started = time.monotonic()
    for number, (name, way, metrics) in enumerate(_run_all(rows, processes), start=1):
        found[name][way] = metrics
        low = [f"{metric} {one['coverage']:.2f}" for metric, one in metrics.items() if is_low(metric, one)]
        told = f": {', '.join(low)}" if low and way == "own" else ""
        print(f"{number}/{len(rows)} {time.monotonic() - started:.0f} s: {name}, {way}{told}", flush=True)
    return found


def _run_all(tasks: list[Task], processes: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if processes == 1:
        yield from map(measure_task, tasks)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(measure_task, task) for task in tasks]):
            yield done.result()


def is_low(metric: str, found: dict[str, Any]) -> bool:
    """Return whether a coverage is so low that more samples must tell whether that is chance."""
    error = (TARGET[metric] * (1 - TARGET[metric]) / max(1, found["repetitions"] * found["given"])) ** 0.5
    return bool(found["coverage"] < TARGET[metric] - error)


def measure_grid(
    cells: dict[Cell, int], ways: Iterable[str], processes: int, metrics: tuple[str, ...]
) -> dict[str, Any]:
    """Measure cells by several ways, and again with more samples where chestnut's own has a low coverage."""
    found = measure_all([(cell, way, count, 0, metrics) for cell, count in cells.items() for way in ways], processes)
    again = {
        cell: tuple(metric for metric, one in found[cell.name]["own"].items() if is_low(metric, one)) for cell in cells
    }
    tasks = [(cell, "own", grids.CONFIRM * cells[cell], 1, low) for cell, low in again.items() if low]
    for name, second in measure_all(tasks, processes).items():
        found[name]["own"] |= second["own"]
    return found


def write_results(results: dict[str, Any]) -> None:
    """Store results, one line a cell."""
    lines = [f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(one)}" for name, one in results["cells"].items()]
    rest = {name: value for name, value in results.items() if name != "cells"}
    body = ",\n".join(
        [*(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in rest.items())]
    )
    inner = ",\n".join(lines)
    RESULTS.write_text(f'{{\n{body},\n"cells": {{\n{inner}\n}}\n}}\n', encoding="utf-8")


def write_tables(results: dict[str, Any]) -> None:
    """Write the tables between the marks of the page."""
    cells = results["cells"]
    blocks = {
        "coverage-ways": flat_lines(cells),
        "coverage": coverage_lines(cells, "own"),
        "coverage-widths": width_lines(cells),
        "coverage-worst": worst_lines(cells),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, lines in blocks.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = "\n".join([before + start, *lines, end + after])
    PAGE.write_text(text, encoding="utf-8")


def main() -> None:
    """Measure the chosen cells and metrics; print the tables, and store them where nothing is left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="every cell, with 1,000 samples of each")
    parser.add_argument("--only", default="", help="metrics, with commas")
    parser.add_argument("--cells", default="", help="a part of the names of cells")
    parser.add_argument("--samples", type=int, help="samples of each cell")
    parser.add_argument("--ways", default=",".join(WAYS), help="own and percentile, with commas")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    grid = grids.full_grid() if given.full else grids.standard_grid()
    counts = {cell: grids.FULL_REPETITIONS if given.full else grids.standard_repetitions(cell) for cell in grid}
    chosen = {cell: given.samples or count for cell, count in counts.items() if given.cells in cell.name}
    metrics = tuple(filter(None, given.only.split(","))) or tuple(METRICS)
    found = measure_grid(chosen, given.ways.split(","), given.processes, metrics)
    for lines in (flat_lines(found), coverage_lines(found, "own"), width_lines(found), worst_lines(found)):
        print("\n".join(lines), "", sep="\n")
    misses = sum(failed(metric, one) for ways in found.values() for metric, one in ways["own"].items())
    print(f"{len(found)} cells; {misses} figures miss their aim")
    if len(chosen) == len(grid) and given.ways == ",".join(WAYS) and not (given.only or given.samples):
        known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        results = known | {"grid": "full" if given.full else "standard", "cells": found}
        write_results(results)
        write_tables(results)


if __name__ == "__main__":
    main()
