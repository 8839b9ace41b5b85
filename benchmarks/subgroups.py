"""Measure on simulated patients how often two groups are found to differ, and write the table of docs/evaluation.md.

    python -m benchmarks.subgroups [--repetitions 600]
    python -m benchmarks.subgroups --data DATA --runs FOLDER [--weights MOBILENET_V2.weights.h5]

Two groups are drawn from populations of which the truth is known, equal ones for the level of the test, unlike ones for
its power, and compared as `chestnut evaluate --by` does. Samples with fewer than ten patients of a class in a group are
drawn again, since those are not compared. It takes about three minutes on one core.

With DATA, the Kermany training images, the networks of `benchmarks.trained` are judged on their test splits instead, by
the cause of the pneumonia, which the file names tell. Results are stored in benchmarks/subgroups.json.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from itertools import product
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from benchmarks.coverage.cohorts import Cell, draw
from benchmarks.kermany import chestnut
from benchmarks.pages import fill
from benchmarks.trained import trained_runs
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.outcome import Outcome
from chestnut.evaluation.subgroups import FEWEST_TESTED, difference_ends

HERE = Path(__file__).parent
RESULTS = HERE / "subgroups.json"
PAGE = HERE.parent / "docs" / "evaluation.md"

SIZES = ((30, 30), (30, 300), (100, 100), (300, 300))
AREAS = (0.7, 0.9, 0.98, 0.995)
IMAGES = (("1", 0.0), ("1–3", 0.5), ("1–30", 0.95))
UNLIKE = (0.98, 0.9)
FIGURES = ("auroc", "sensitivity", "specificity")


def draw_group(cell: Cell, random: np.random.Generator) -> Outcome:
    """Draw a group that is large enough to be compared."""
    while True:
        sample = draw(cell, random)
        positive = sample.truth == 1
        scores = sample.probabilities[:, 1]
        made = Outcome((scores >= sample.threshold) == positive, sample.patients, positive, scores)
        if min(made.count(positive=True), made.count(positive=False)) >= FEWEST_TESTED:
            return made


def measure(one: Cell, other: Cell, repetitions: int) -> dict[str, float]:
    """Return how often each figure of two groups is found to differ."""
    random = np.random.default_rng(crc32(f"{one.name} {other.name}".encode()))
    found = dict.fromkeys(FIGURES, 0)
    for _ in range(repetitions):
        first, second = (draw_group(cell, random).figures for cell in (one, other))
        for name in FIGURES:
            low, high = difference_ends(first[name], second[name])
            found[name] += not low <= 0 <= high
    return {name: number / repetitions for name, number in found.items()}


def measure_all(repetitions: int) -> dict[str, Any]:
    """Measure every pair of populations."""
    rows = []
    for (ours, theirs), (images, icc) in product(SIZES, IMAGES):
        for first, second in (*((area, area) for area in AREAS), UNLIKE):
            one, other = Cell(ours, first, images, icc), Cell(theirs, second, images, icc)
            told = {"patients": [ours, theirs], "aurocs": [first, second], "images": images, "icc": icc}
            rows.append(told | {"found": measure(one, other, repetitions)})
            print(*told.values(), rows[-1]["found"], flush=True)
    return {"repetitions": repetitions, "rows": rows}


def table(results: dict[str, Any]) -> list[str]:
    """Return the lines of the table: the level over all cells of a size, and the power."""
    names = ("AUROC", "sensitivity", "specificity")
    lines = [
        f"| patients | {' | '.join(f'equal: {name}' for name in names)} | unlike: AUROC | unlike: sensitivity |",
        f"| --- | {' | '.join(['---'] * (len(names) + 2))} |",
    ]
    for size in SIZES:
        rows = [row for row in results["rows"] if row["patients"] == list(size)]
        equal = [row["found"] for row in rows if row["aurocs"][0] == row["aurocs"][1]]
        unlike = [row["found"] for row in rows if row["aurocs"] == list(UNLIKE)]
        level = [spread([one[name] for one in equal]) for name in FIGURES]
        power = [spread([one[name] for one in unlike]) for name in FIGURES[:2]]
        lines.append(f"| {size[0]} and {size[1]} | {' | '.join([*level, *power])} |")
    return lines


def spread(shares: list[float]) -> str:
    """Return the median of shares, and the least and the greatest."""
    return f"{np.median(shares):.2f} ({min(shares):.2f}–{max(shares):.2f})"


def measure_causes(data: Path, runs: dict[str, Path]) -> dict[str, Any]:
    """Judge networks by the cause that file names tell."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "cause.csv"
        names = sorted(path.name for path in data.rglob("*.jpeg"))
        lines = (f"{name},{found[0] if (found := re.search('bacteria|virus', name)) else 'none'}" for name in names)
        table.write_text("\n".join(("path,cause", *lines)) + "\n", encoding="utf-8")
        words = ("--split", "test", "--by", "cause", "--attributes", str(table))
        found = {name: chestnut(Path(folder), "evaluate", str(run.resolve()), *words) for name, run in runs.items()}
    return {name: {group["name"]: group for group in one["subgroups"][0]["groups"]} for name, one in found.items()}


def cause_lines(causes: dict[str, Any]) -> list[str]:
    """Return the lines of the table of causes."""
    lines = [
        "| network | sensitivity to bacterial pneumonia | to viral pneumonia | difference | p after Holm |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, groups in causes.items():
        bacteria, virus = (Estimate(**groups[cause]["metrics"]["sensitivity"]) for cause in ("bacteria", "virus"))
        apart = groups["bacteria"]["differences"]["sensitivity"]
        difference = Estimate(apart["value"], apart["low"], apart["high"])
        lines.append(f"| `{name}` | {bacteria} | {virus} | {difference} | {apart['adjusted']:.3f} |")
    return lines


def main() -> None:
    """Measure, store and write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=600)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--weights", type=Path)
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if given.data is None:
        results |= measure_all(given.repetitions)
        fill(PAGE, {"subgroups": table(results)})
    else:
        results["causes"] = measure_causes(given.data, trained_runs(given.data, given.weights, given.runs))
        fill(PAGE, {"causes": cause_lines(results["causes"])})
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
