"""Measure prediction sets on held-out images and under shifts, and write the tables of docs/calibration.md.

    python -m benchmarks.conformal DATA --external OTHER_DATA --weights MOBILENET_V2.weights.h5 \
        [--runs FOLDER] [--no-train]

DATA are the Kermany training images, split by patient with seed 1; OTHER_DATA come from elsewhere. Coverage without
shifts is that of the test split, for sets fitted on the validation split. Under the shifts of `chestnut stress`, which
are made of validation images, the sets are fitted on the unchanged images of one half of the patients and judged on the
changed images of the other, in both directions. How often sets cover simulated patients is measured too. A run that is
in FOLDER already is not trained again. Earlier results stay in conformal.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import chestnut as cn
from benchmarks.generalise import MAPPING, table
from benchmarks.kermany import SEED, chestnut
from benchmarks.pages import fill
from benchmarks.trained import NETWORKS, trained_runs
from chestnut.evaluation.conformal import SetPlan, SetRule, least_probability
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.set_figures import SetFigures
from chestnut.robustness.set_coverage import Calibration

HERE = Path(__file__).parent
RESULTS = HERE / "conformal.json"
PAGE = HERE.parent / "docs" / "calibration.md"
COVERAGES = (0.9, 0.95, 0.98, 0.99)
#: The coverage of the table of shifts: higher than the networks' accuracy, so that some sets name both classes.
SHIFTED = 0.98
PLANS = [(coverage, per_class) for coverage in COVERAGES for per_class in (False, True)]
CLASSES = ("NORMAL", "PNEUMONIA")
#: What is simulated: the numbers of calibration patients, and the images of a patient.
PATIENTS = (10, 20, 50, 100, 300)
KINDS = {
    "one": "1 image a patient",
    "many": "1 to 30 alike images a patient",
    "easy": "1 to 30, more of easy patients",
}
REPETITIONS = 2000


def simulate() -> list[dict[str, Any]]:
    """Return how often sets at 0.9 cover a random image of a new patient, for patients weighing alike or not."""
    found = []
    for patients in PATIENTS:
        row: dict[str, Any] = {"patients": patients}
        for kind in KINDS:
            random, covered = np.random.default_rng(SEED), {"patients": 0.0, "images": 0.0}
            for _ in range(REPETITIONS):
                own, owners = draw_patients(random, patients, kind)
                new, others = draw_patients(random, 100, kind)
                for weighed, names in (("patients", owners), ("images", np.arange(len(own)))):
                    hits = new >= least_probability(own, names, COVERAGES[0])
                    covered[weighed] += float((np.bincount(others, hits) / np.bincount(others)).mean()) / REPETITIONS
            row[kind] = covered
        found.append(row)
    return found


def draw_patients(random: np.random.Generator, patients: int, kind: str) -> tuple[Any, Any]:
    """Draw the probability of the true class of each image, with an intraclass correlation of 0.95, and its patient."""
    ease = random.standard_normal(patients)
    sizes = {
        "one": lambda: np.ones(patients, dtype=int),
        "many": lambda: random.integers(1, 31, patients),
        "easy": lambda: 1 + random.binomial(29, 1 / (1 + np.exp(-2 * ease))),
    }[kind]()
    owners = np.repeat(np.arange(patients), sizes)
    latent = np.sqrt(0.95) * ease[owners] + np.sqrt(0.05) * random.standard_normal(len(owners))
    return 1 / (1 + np.exp(-2.4 * (1 + latent))), owners


def judge_test(run: Path) -> list[dict[str, Any]]:
    """Return the figures of sets on the test split, for each coverage, over all patients and for each class."""
    opened = cn.open_run(run)
    found = []
    for coverage, per_class in PLANS:
        result = opened.evaluate("test", coverage=coverage, per_class=per_class, quiet=True)
        found.append({"images": result.images, "patients": result.patients, **result.sets.to_dict()})
    return found


def read_stress(run: Path) -> pd.DataFrame:
    """Return the predictions of a stress validation."""
    return pd.read_csv(run / "evaluation" / "stress" / "predictions.csv", keep_default_na=False)


def stress(run: Path, external: Path | None) -> None:
    """Make the stress validation of a run unless it is there."""
    if not (run / "evaluation" / "stress" / "predictions.csv").is_file():
        other = () if external is None else ("--external", str(external.resolve()), "--map", MAPPING)
        chestnut(run.parent, "stress", str(run.resolve()), "--no-exchange", *other)


def judge_external(run: Path) -> list[dict[str, Any]]:
    """Return the figures on another data set of sets that were fitted on all unchanged images, for each plan."""
    rows = read_stress(run)
    plain, other = (parts(rows[rows["condition"] == name]) for name in ("plain", "external"))
    if not len(other[0]):
        return []
    found = []
    for coverage, per_class in PLANS:
        rule = SetRule.fit(SetPlan(coverage, per_class), *plain, CLASSES)
        found.append({"images": len(other[0]), **SetFigures.measure(rule, *other).to_dict()})
    return found


def parts(rows: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Return the probabilities, class numbers and patient numbers of rows of predictions."""
    values = rows[[f"probability_{label}" for label in CLASSES]].to_numpy(float)
    return values, (rows["label"] == CLASSES[1]).to_numpy(int), number_patients(rows["patient"])[0]


def judge_shifts(run: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the coverage under each shift of sets that were fitted on other patients without it.

    The first figures of a shift are those for all patients together, the second those for each class.
    """
    rows = read_stress(run)
    rows = rows[rows["condition"] != "external"]
    by_shift = {name: part.sort_values("path") for name, part in rows.groupby("condition", sort=False)}
    targets, patients = parts(by_shift["plain"])[1], by_shift["plain"]["patient"]
    values = {name: parts(part)[0] for name, part in by_shift.items()}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in values}
    for per_class in (False, True):
        plan = SetPlan(SHIFTED, per_class)
        for name, shares in Calibration.divide(plan, CLASSES, targets, patients, SEED).judge(values).items():
            found[name].append({"coverage": SHIFTED, "per_class": per_class, **asdict(shares)})
    return found


def shown(figure: dict[str, Any], interval: bool = True) -> str:
    if figure["value"] is None:
        return "–"
    value = f"{figure['value']:.3f}"
    return f"{value} ({figure['low']:.3f}–{figure['high']:.3f})" if interval else value


def test_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of coverage and size on the test split."""
    rows = [
        [
            f"`{name}`",
            f"{sets['coverage']:g}{', by class' if sets['per_class'] else ''}",
            shown(sets["covered"]),
            *(shown(sets["covered_by_class"][label]) for label in CLASSES),
            f"{100 * sets['single']['value']:.0f} %",
            shown(sets["single_right"]),
        ]
        for name, row in chosen(results)
        for sets in row["test"]
    ]
    columns = ("run", "promised", "covered", *CLASSES, "one class", "of those right")
    return table(columns, rows)


def shift_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of coverage under each shift at one coverage, the worst shift first."""
    found = {name: {shift: figures[0] for shift, figures in row["shifts"].items()} for name, row in chosen(results)}
    shifts = list(next(iter(found.values()), {}))
    mean = {shift: np.mean([own[shift]["covered"]["value"] for own in found.values()]) for shift in shifts}
    ordered = sorted(shifts, key=lambda shift: (shift != "plain", mean[shift]))
    rows = [[shift, *(cell for own in found.values() for cell in shift_cells(own[shift]))] for shift in ordered]
    columns = [cell for name in found for cell in (f"`{name}`", "one class")]
    return table(("shift", *columns), rows)


def shift_cells(figures: dict[str, Any]) -> list[str]:
    """Return the cells of a shift for a network: coverage, and the share of sets with one class."""
    return [shown(figures["covered"]), f"{100 * figures['single']['value']:.0f} %"]


def external_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of coverage on another data set."""
    rows = [
        [
            f"`{name}`",
            f"{sets['coverage']:g}",
            shown(sets["covered"]),
            *(shown(sets["covered_by_class"][label]) for label in CLASSES),
            f"{100 * sets['single']['value']:.0f} %",
        ]
        for name, row in chosen(results)
        for sets in row.get("external", [])
        if not sets["per_class"] and sets["coverage"] >= SHIFTED
    ]
    return table(("run", "promised", "covered", *CLASSES, "one class"), rows)


def simulated_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of simulated coverage."""
    shown_kinds = [("one", "patients"), *((kind, way) for kind in ("many", "easy") for way in ("patients", "images"))]
    rows = [
        [str(row["patients"]), *(f"{row[kind][weighed]:.3f}" for kind, weighed in shown_kinds)]
        for row in results.get("simulated", [])
    ]
    columns = [KINDS[kind] if weighed == "patients" else "images alike" for kind, weighed in shown_kinds]
    return table(("calibration patients", *columns), rows)


def chosen(results: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, results[name]) for name in NETWORKS if name in results)


def write(results: dict[str, Any]) -> None:
    """Write the tables between the marks of the page."""
    blocks = {
        **{"sets": test_lines, "sets-shifts": shift_lines},
        **{"sets-external": external_lines, "sets-simulated": simulated_lines},
    }
    fill(PAGE, {name: lines(results) for name, lines in blocks.items()})


def main() -> None:
    """Measure the three networks, store the results and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--external", type=Path, help="images with the classes Pneumonia and No_findings")
    parser.add_argument("--weights", type=Path, help="a weights file of MobileNetV2; else it is downloaded")
    parser.add_argument("--runs", type=Path, default=Path(tempfile.gettempdir()) / "chestnut-trained")
    parser.add_argument("--no-train", action="store_true", help="leave out networks whose runs are not in FOLDER")
    given = parser.parse_args()
    if given.no_train:
        runs = {name: given.runs / name for name in NETWORKS if (given.runs / name).exists()}
    else:
        runs = trained_runs(given.data, given.weights, given.runs)
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    results["simulated"] = simulate()
    for name, run in runs.items():
        stress(run, given.external)
        results[name] = {"test": judge_test(run), "shifts": judge_shifts(run), "external": judge_external(run)}
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write(results)


if __name__ == "__main__":
    main()
