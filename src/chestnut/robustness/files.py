"""Write a stress validation into a run folder, and keep a threshold that it chose.

A validation under all shifts is in `evaluation/stress/`. One under some of them is in `evaluation/stress-partial/`, so
that it never replaces the whole one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from chestnut.errors import DataError
from chestnut.evaluation.intervals.estimate import CONFIDENCE
from chestnut.figures.saving import save_both
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import json_text
from chestnut.inference.evaluate import evaluate_run
from chestnut.inference.thresholds import keep_threshold
from chestnut.progress import Bars, silent
from chestnut.robustness.figure import stress_figure
from chestnut.robustness.folders import PARTIAL, STRESS
from chestnut.robustness.shifts import PLAIN, SHIFTS
from chestnut.robustness.validation import External, Stress
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import with_probabilities
from chestnut.runs.timestamp import now


def save_stress(run: RunFolder, found: Stress) -> None:
    """Write stress.json, predictions.csv (a row for each image and condition) and stress.png.

    Raises:
        DiskError: The disk is full or may not be written.
    """
    folder = run.evaluation(PARTIAL if found.partial else STRESS)
    run.write(folder / "predictions.csv", csv_text(_table(found)))
    save_both(stress_figure(found.judged), folder / "stress.png")
    run.write(folder / "stress.json", json_text({"when": now()} | stress_dict(found)))


def _table(found: Stress) -> pd.DataFrame:
    parts = []
    tables = [(name, found.manifest, values) for name, values in found.probabilities.items()]
    if found.external is not None:
        tables.append(("external", found.external.manifest, found.external.probabilities))
    for condition, manifest, values in tables:
        rows = manifest.frame[["path", "label", "patient"]].assign(condition=condition)
        if found.lungs_found is not None and condition in found.lungs_found:
            rows["lungs"] = np.where(found.lungs_found[condition], "yes", "no")
        parts.append(with_probabilities(rows, values, found.bundle.classes))
    return pd.concat(parts)


def stress_dict(found: Stress) -> dict[str, Any]:
    """Return a stress validation JSON-ready; a figure is `{"value", "low", "high", "undefined"}`."""
    bundle, judged = found.bundle, found.judged
    return {
        "data": str(found.manifest.root),
        "recipe": bundle.recipe,
        "weights": bundle.weights,
        "temperature": bundle.temperature,
        "synthetic": found.manifest.synthetic,
        "split": "val",
        "partial": found.partial,
        "images": len(found.manifest),
        "patients": int(found.manifest.frame["patient"].nunique()),
        "classes": list(bundle.classes),
        "positive": bundle.positive,
        "threshold": bundle.threshold if bundle.positive is not None else None,
        "seed": found.seed,
        "resamples": 0,
        "confidence": CONFIDENCE,
        "plain": judged.plain.to_dict(),
        "mean": None if judged.mean is None else judged.mean.to_dict(),
        "worst": judged.worst,
        "lungs_lost": found.lungs_lost(PLAIN.name),
        "shifts": [
            {
                "name": name,
                "summary": SHIFTS[name].summary,
                **figures.to_dict(),
                "lungs_lost": found.lungs_lost(name),
            }
            for name, figures in judged.shifts.items()
        ],
        "shortcut": found.shortcut.to_dict(),
        "operating_points": None if found.points is None else found.points.to_dict(),
        "external": None if found.external is None else _external_dict(found.external),
        "sets": None if found.sets is None else found.sets.to_dict(),
    }


def _external_dict(external: External) -> dict[str, Any]:
    evaluation = external.evaluation.to_dict()
    evaluation["notes"] = [*external.notes, *evaluation["notes"]]
    facts = {
        "data": str(external.manifest.root),
        "overlap": dict(external.overlap),
        "synthetic": external.manifest.synthetic,
    }
    return facts | evaluation


def keep_point(run: RunFolder, found: Stress, *, command: str, bars: Bars = silent) -> None:
    """Decide by the threshold chosen on the shifts from now on, and evaluate the validation images by it.

    Args:
        run: The run.
        found: A stress validation with operating points.
        command: The command to name in the history of thresholds.
        bars: Shows the progress.

    Raises:
        DataError: The stress validation has no operating points.
    """
    if found.points is None:
        raise DataError("no operating point was chosen, so there is none to keep; give a rule, such as balanced")
    keep_threshold(run, found.points.chosen, command)
    evaluate_run(run, "val", command=command, bars=bars)
