"""`StressPredictions`: what a run predicted under all shifts, read from the run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.operating.choice import Truth
from chestnut.files.csv_files import parse_csv
from chestnut.files.json_files import parse_json
from chestnut.inference.bundle import Bundle
from chestnut.robustness.folders import STRESS
from chestnut.robustness.shifts import SHIFTS
from chestnut.robustness.stress_file import StressFile
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import probability_columns


@dataclass(frozen=True, eq=False)
class StressPredictions:
    """Validation images of two classes with a network's predictions under all shifts.

    Attributes:
        truth: Whether each image is positive, shape (n,).
        patients: Their patients, shape (n,).
        shifted: The probability of the positive class under each shift, shape (shifts, n).
        temperature: The number that divided the logits.
    """

    truth: Truth
    patients: npt.NDArray[np.str_]
    shifted: Floats
    temperature: float

    @classmethod
    def read_of(cls, run: RunFolder, bundle: Bundle) -> Self | None:
        """Read the predictions under all shifts if they are by the run's network as it is now; else None.

        Args:
            run: The run.
            bundle: Its bundle, of two classes.

        Raises:
            RunError: A file of the stress validation was changed.
            DataError: A file of the stress validation is damaged.
        """
        path = run.evaluation(STRESS) / "stress.json"
        if not path.exists():
            return None
        held = parse_json(run.read(path), path, StressFile, run.files.remedy(path))
        names = [row["name"] for row in held["shifts"]]
        if held.get("weights") != bundle.weights or set(names) != set(SHIFTS):
            return None
        path = run.evaluation(STRESS) / "predictions.csv"
        column, remedy = probability_columns(bundle.classes)[1], run.files.remedy(path)
        frame = parse_csv(run.read(path), path, ("path", "label", "patient", "condition", column), remedy)
        parts = [part.sort_values("path") for part in (frame[frame["condition"] == name] for name in names)]
        first = parts[0]
        if len(first) != held["images"] or any(part["path"].tolist() != first["path"].tolist() for part in parts):
            raise DataError(f"{path} does not belong to stress.json; {remedy}")
        try:
            scores = np.stack([part[column].to_numpy(dtype=str).astype(np.float64) for part in parts])
        except ValueError:
            scores = np.full((1, 1), np.nan)
        if not ((scores >= 0) & (scores <= 1)).all():
            raise DataError(f"{path} has a probability that is not a number from 0 to 1; {remedy}")
        truth = first["label"].to_numpy(dtype=str) == bundle.classes[1]
        temperature = float(held.get("temperature", 1.0))  # before there was one, it was always 1
        return cls(truth, first["patient"].to_numpy(dtype=str), scores, temperature)
