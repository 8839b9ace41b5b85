"""`ExchangePredictions`: what a run predicted in its exchange test, read from the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.robustness.exchange.effects import Side, judge_exchange
from chestnut.robustness.exchange.exchange import Exchange
from chestnut.robustness.shift_effects import Decision
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
        parts = _Parts.read(run, exchange)
        first = parts.take(condition, "same", 1)
        return cls(first.frame["path"].to_numpy(dtype=str), first.targets, first.patients, parts.sides(condition))


def judge_anew(run: RunFolder, exchange: Exchange) -> Exchange:
    """Compute the figures of an exchange test of an early version, whose intervals were percentiles of resamples, anew.

    Args:
        run: The run.
        exchange: Its exchange test.

    Raises:
        RunError: predictions.csv is missing or was changed.
        DataError: predictions.csv is damaged, or of another test.
    """
    parts = _Parts.read(run, exchange)
    plain = parts.take("plain", "", 0)
    positive = 1 if exchange.positive is None else exchange.classes.index(exchange.positive)
    decision = Decision(positive, 0.5 if exchange.threshold is None else exchange.threshold)
    held = {pair.name: parts.sides(pair.name) for pair in exchange.conditions}
    figures, effects = judge_exchange(plain.probabilities, held, plain.targets, plain.patients, decision)
    conditions = [
        replace(pair, other=effect.other, same=effect.same, given_away=effect.given_away)
        for pair, effect in zip(exchange.conditions, effects.values(), strict=True)
    ]
    return replace(exchange, plain=figures, conditions=tuple(conditions))


@dataclass(frozen=True, eq=False)
class _Parts:
    """The content of a predictions.csv, and the test that it belongs to."""

    table: PredictionTable
    exchange: Exchange
    fault: str

    @classmethod
    def read(cls, run: RunFolder, exchange: Exchange) -> Self:
        path = run.exchange / "predictions.csv"
        remedy = run.files.remedy(path)
        table = PredictionTable.parse(run.read(path), path, exchange.classes, remedy)
        return cls(table, exchange, f"{path} does not belong to exchange.json; {remedy}")

    def take(self, condition: str, donor: str, draw: int) -> PredictionTable:
        frame = self.table.frame
        rows = (frame["condition"] == condition) & (frame["donor"] == donor) & (frame["draw"] == str(draw))
        if rows.sum() != self.exchange.images:  # a kill between the two files leaves a new one beside an old one
            raise DataError(self.fault)
        return PredictionTable(frame[rows], self.table.classes).sorted_by_path()

    def sides(self, condition: str) -> dict[Side, list[Floats]]:
        draws = range(1, self.exchange.draws + 1)
        return {
            "other": [self.take(condition, "other", draw).probabilities for draw in draws],
            "same": [self.take(condition, "same", draw).probabilities for draw in draws],
        }
