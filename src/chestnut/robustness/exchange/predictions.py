"""`ExchangePredictions`: what a run predicted in its exchange test, read from the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.robustness.exchange.effects import Side
from chestnut.robustness.exchange.exchange import Exchange
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable


@dataclass(frozen=True, eq=False)
class ExchangePredictions:
    """The predictions under one condition.

    Attributes:
        paths: The paths of the images, shape (n,).
        targets: Their class numbers, shape (n,).
        patients: Their patients, shape (n,).
        sides: The probabilities with each side's donors: an array of shape (n, classes) a draw.
    """

    paths: npt.NDArray[np.str_]
    targets: npt.NDArray[np.int64]
    patients: npt.NDArray[np.str_]
    sides: Mapping[Side, list[Floats]]

    @classmethod
    def read(cls, run: RunFolder, exchange: Exchange, condition: str) -> Self:
        """Read the predictions of a run under a condition.

        Args:
            run: The run.
            exchange: Its exchange test.
            condition: The name of the condition.

        Raises:
            RunError: predictions.csv is missing or was changed.
            DataError: predictions.csv is damaged, or of another test.
        """
        path = run.exchange / "predictions.csv"
        table = PredictionTable.parse(run.read(path), path, exchange.classes, run.files.remedy(path))

        def part(side: Side, draw: int) -> PredictionTable:
            frame = table.frame
            rows = (frame["condition"] == condition) & (frame["donor"] == side) & (frame["draw"] == str(draw))
            if rows.sum() != exchange.images:  # a kill between the two files leaves a new one beside an old one
                raise DataError(f"{path} does not belong to exchange.json; {run.files.remedy(path)}")
            return PredictionTable(frame[rows], table.classes).sorted_by_path()

        draws = range(1, exchange.draws + 1)
        sides: dict[Side, list[Floats]] = {
            "other": [part("other", draw).probabilities for draw in draws],
            "same": [part("same", draw).probabilities for draw in draws],
        }
        first = part("same", 1)
        return cls(first.frame["path"].to_numpy(dtype=str), first.targets, first.patients, sides)
