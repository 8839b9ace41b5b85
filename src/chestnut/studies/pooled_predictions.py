"""Read what several groups of runs predicted for the same validation images, image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.softmax import change_temperature
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable


@dataclass(frozen=True)
class PooledPredictions:
    """Predictions for n images and k classes.

    Attributes:
        targets: The class numbers, shape (n,).
        patients: The patient identities, shape (n,).
        probabilities: The probabilities of each group's runs, each of shape (n, k).
    """

    targets: npt.NDArray[np.int64]
    patients: npt.NDArray[np.str_]
    probabilities: dict[str, list[npt.NDArray[np.float64]]]


def pool_predictions(groups: Mapping[str, Sequence[RunFolder]], *, calibrated: bool = True) -> PooledPredictions:
    """Read what runs predicted for their validation images.

    Args:
        groups: Finished runs, by the name of their group; at least one run in all.
        calibrated: Whether to take the probabilities at each run's temperature, which was fitted to these images, or at
            temperature 1.

    Raises:
        DataError: The runs were evaluated on different images.
    """
    some = next(run for runs in groups.values() for run in runs)
    classes = some.metrics("val")["classes"]
    first = _read_table(some, classes)
    probabilities: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in groups}
    for name, runs in groups.items():
        for run in runs:
            table = _read_table(run, classes)
            if not table.frame["path"].equals(first.frame["path"]):
                raise DataError(
                    f"{run.path} and {some.path} were evaluated on different validation images and cannot be compared; "
                    "start again in another folder"
                )
            before = 1.0 if calibrated else float(run.metrics("val").get("temperature", 1.0))
            probabilities[name].append(change_temperature(table.probabilities, before, 1.0))
    return PooledPredictions(first.targets, first.patients, probabilities)


def _read_table(run: RunFolder, classes: Sequence[str]) -> PredictionTable:
    return run.predictions("val", classes).sorted_by_path()
