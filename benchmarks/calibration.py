"""Measure temperatures and thresholds on held-out images, and write the tables of docs/calibration.md.

    python -m benchmarks.calibration DATA --weights MOBILENET_V2.weights.h5 [--runs FOLDER] [--no-train]

DATA are the Kermany training images, split by patient with seed 1. Temperatures and thresholds are fitted on the
validation split, thresholds also on it under the shifts of `chestnut stress`, and all are judged on the test split. A
run that is in FOLDER already is not trained again; it is copied, so that it keeps its threshold. Earlier results stay
in calibration.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import chestnut as cn
from benchmarks.generalise import table
from benchmarks.pages import fill
from benchmarks.trained import NETWORKS, trained_runs
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.softmax import change_temperature
from chestnut.inference.bundle import Bundle
from chestnut.runs.predictions import PredictionTable

HERE = Path(__file__).parent
RESULTS = HERE / "calibration.json"
PAGE = HERE.parent / "docs" / "calibration.md"
METRICS = ("loss", "brier", "calibration_error")
RULES = ("fixed=0.5", "youden", "f1", "sensitivity=0.98", "specificity=0.98", "cost=10:1", "prevalence=0.1")
#: The rules that are chosen under shifts too.
ON_SHIFTS = ("youden", "sensitivity=0.98", "specificity=0.98")
CHOICES = [*((rule, "val") for rule in RULES), *((rule, "stress") for rule in ON_SHIFTS)]


def measure(folder: Path) -> dict[str, Any]:
    """Return the figures of a run on its test split before and after calibration, and by each rule for a threshold."""
    run = cn.open_run(folder)
    calibration = run.calibrate(quiet=True)
    after = run.evaluate("test", quiet=True)
    bundle = Bundle.read(folder / "bundle")
    predicted = run.folder.predictions("test", bundle.classes)
    before = judge(predicted, bundle, change_temperature(predicted.probabilities, bundle.temperature, 1.0))
    found = []
    for rule, on in CHOICES:
        point = run.choose_threshold(rule, on=on, quiet=True)
        rates = judge_threshold(predicted, point.threshold)
        found.append({"rule": rule, "on": on, "threshold": point.threshold, "found": rates, **asdict(point.promised)})
    return {
        "images": after.images,
        "patients": after.patients,
        "calibration": calibration.to_dict(),
        "before": {name: before.metrics[name].to_dict() for name in METRICS},
        "after": {name: after.metrics[name].to_dict() for name in METRICS},
        "rules": found,
    }


def judge(predicted: PredictionTable, bundle: Bundle, probabilities: Any) -> Any:
    return cn.evaluate(predicted.targets, probabilities, predicted.patients, bundle.classes, bundle.positive)


def judge_threshold(predicted: PredictionTable, threshold: float) -> dict[str, Any]:
    """Return sensitivity and specificity of a threshold, with intervals."""
    positive, owners = predicted.targets == 1, number_patients(predicted.patients)[0]
    right = (predicted.probabilities[:, 1] >= threshold) == positive
    parts = {"sensitivity": positive, "specificity": ~positive}
    return {name: asdict(share_estimate(right[rows], owners[rows])) for name, rows in parts.items()}


def shown(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


def temperature_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of what a temperature does on the test split."""
    rows = []
    for name, row in chosen(results):
        cells = [
            f"{row['before'][metric]['value']:.4f} → {row['after'][metric]['value']:.4f}"
            if row["calibration"]["reason"] == ""
            else f"{row['before'][metric]['value']:.4f}"
            for metric in METRICS
        ]
        rows.append([f"`{name}`", f"{row['calibration']['temperature']:.3g}", *cells])
    return table(("run", "temperature", "loss", "Brier score", "calibration error"), rows)


def rule_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of what rules promise and what is found on the test split."""
    rows = [
        [
            f"`{name}`",
            f"`{one['rule']}`{', shifts' if one['on'] == 'stress' else ''}",
            f"{one['threshold']:.3f}" if one["threshold"] < 0.9995 else "above 0.999",
            *(f"{shown(one[rate])} → {one['found'][rate]['value']:.3f}" for rate in ("sensitivity", "specificity")),
        ]
        for name, row in chosen(results)
        for one in row["rules"]
    ]
    held = [
        one[rate]["low"] <= one["found"][rate]["value"] <= one[rate]["high"]
        for _, row in chosen(results)
        for one in row["rules"]
        if one["on"] == "val"
        for rate in ("sensitivity", "specificity")
    ]
    counted = f"Of {len(held)} rates promised for plain images, {sum(held)} were found within their interval."
    return [*table(("run", "rule", "threshold", "sensitivity", "specificity"), rows), "", counted]


def chosen(results: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the results of the networks in their order."""
    return [(name, results[name]) for name in NETWORKS if name in results]


def write(results: dict[str, Any]) -> None:
    """Write the tables between their marks in the page."""
    fill(PAGE, {"temperatures": temperature_lines(results), "rules": rule_lines(results)})


def main() -> None:
    """Measure the networks, store the results and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, help="a weights file of MobileNetV2; else it is downloaded")
    parser.add_argument("--runs", type=Path, default=Path(tempfile.gettempdir()) / "chestnut-trained")
    parser.add_argument("--no-train", action="store_true", help="leave out the runs that are not in FOLDER")
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    runs = {name: given.runs / name for name in NETWORKS if (given.runs / name).exists()}
    if not given.no_train:
        runs = trained_runs(given.data, given.weights, given.runs)
    for name, run in runs.items():
        with tempfile.TemporaryDirectory() as copies:
            results[name] = measure(shutil.copytree(run, Path(copies) / name))
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write(results)


if __name__ == "__main__":
    main()
