"""Measure many cells in several processes."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from benchmarks.coverage import cells as grids
from benchmarks.coverage.bands import measure_bands
from benchmarks.coverage.cohorts import Cell
from benchmarks.coverage.measure import measure
from benchmarks.coverage.paired import LEVEL, PairCell, measure_pair
from benchmarks.coverage.tables import TARGET
from benchmarks.coverage.ways import WAYS

#: A cell, a way, the number of samples, a seed, and metrics.
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
    for number, (name, way, metrics) in enumerate(run_all(measure_task, rows, processes), start=1):
        found[name][way] = metrics
        low = [f"{metric} {one['coverage']:.2f}" for metric, one in metrics.items() if is_low(metric, one)]
        told = f": {', '.join(low)}" if low and way == "own" else ""
        print(f"{number}/{len(rows)} {time.monotonic() - started:.0f} s: {name}, {way}{told}", flush=True)
    return found


def run_all(work: Callable[[Any], Any], tasks: list[Any], processes: int) -> Iterator[Any]:
    """Run tasks in several processes; give each result as it comes."""
    if processes == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(work, task) for task in tasks]):
            yield done.result()


def is_low(metric: str, found: dict[str, Any]) -> bool:
    """Return whether a coverage is so low that more samples must tell whether that is chance."""
    error = (TARGET[metric] * (1 - TARGET[metric]) / max(1, found["repetitions"] * found["given"])) ** 0.5
    return bool(found["coverage"] < TARGET[metric] - error)


def measure_grid(
    cells: dict[Cell, int], ways: Iterable[str], processes: int, metrics: tuple[str, ...]
) -> dict[str, Any]:
    """Measure cells by several ways, and again with more samples where chestnut's own has a low coverage."""
    found = measure_all(
        [
            (cell, way, max(2, count if way == "own" else count // grids.FEWER_OF_OTHERS), 0, metrics)
            for cell, count in cells.items()
            for way in ways
        ],
        processes,
    )
    again = {
        cell: tuple(metric for metric, one in found[cell.name]["own"].items() if is_low(metric, one)) for cell in cells
    }
    tasks = [(cell, "own", grids.CONFIRM * cells[cell], 1, low) for cell, low in again.items() if low]
    for name, second in measure_all(tasks, processes).items():
        found[name]["own"] |= second["own"]
    return found


def measure_pair_task(task: tuple[PairCell, int, int]) -> tuple[str, dict[str, Any]]:
    """Measure the tests of one cell, with a number of samples and a seed."""
    known, count, seed = task
    return known.name, {name: one.to_dict() for name, one in measure_pair(known, count, seed).items()}


def measure_pairs(cells: list[PairCell], count: int, processes: int) -> dict[str, Any]:
    """Measure the tests of cells, and again with new samples where a level is high."""
    found = measure_simple(measure_pair_task, [(known, count, 0) for known in cells], processes)
    again = [known for known in cells if any(_is_high(one) for one in found[known.name].values())]
    tasks = [(known, grids.CONFIRM_TESTS * count, 1) for known in again]
    return found | measure_simple(measure_pair_task, tasks, processes)


def _is_high(found: dict[str, Any]) -> bool:
    """Return whether a test tells equal networks apart so often that more samples must tell whether that is chance."""
    error = (LEVEL * (1 - LEVEL) / found["repetitions"]) ** 0.5
    return bool(found["level"] > LEVEL + 2.5 * error)


def measure_bands_task(task: tuple[Cell, int]) -> tuple[str, dict[str, Any]]:
    """Measure the bands of one cell."""
    cell, count = task
    return cell.name, {name: one.to_dict() for name, one in measure_bands(cell, count).items()}


def measure_simple(work: Callable[[Any], Any], tasks: list[Any], processes: int) -> dict[str, Any]:
    """Run tasks that each give a name and results; return results by name, in the order of the tasks."""
    found = {}
    for number, (name, one) in enumerate(run_all(work, tasks, processes), start=1):
        found[name] = one
        print(f"{number}/{len(tasks)}: {name}", flush=True)
    return {task[0].name: found[task[0].name] for task in tasks}
