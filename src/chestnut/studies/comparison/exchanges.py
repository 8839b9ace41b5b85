"""Put the exchange tests of its runs into the leaderboard of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chestnut.errors import BundleError, DataError
from chestnut.progress import Bars, silent
from chestnut.robustness.exchange.effects import judge_repeats
from chestnut.robustness.exchange.exchange import ALL
from chestnut.robustness.exchange.file import read_exchange, read_exchange_of
from chestnut.robustness.exchange.predictions import ExchangePredictions
from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.comparison.plan import ComparisonFolder


def exchange_runs(folder: ComparisonFolder, board: Leaderboard, bars: Bars = silent) -> Leaderboard:
    """Make the exchange test of every finished run that has none, and write the leaderboard with all of them.

    Args:
        folder: A comparison whose jobs have ended.
        board: Its leaderboard.
        bars: Shows the progress.

    Returns:
        The leaderboard with the tests, and a note for each run on which none can be made.

    Raises:
        DiskError: The disk is full or may not be written.
    """
    from chestnut.models.framework import load_framework

    load_framework()
    from chestnut.robustness.exchange.save import save_exchange
    from chestnut.robustness.exchange.validation import DRAWS, run_exchange

    notes = []
    with folder.lock():
        for run in (run for row in board.rows for run in _runs(folder, row.name)):
            try:
                if read_exchange_of(run, DRAWS, 0) is not None:
                    continue
                outcome = run_exchange(run, bars=_named(bars, run.name))
            except (DataError, BundleError) as error:
                notes.append(f"{run.name} has no exchange test: {error}.")
            else:
                save_exchange(run, outcome)
        tested = add_exchanges(folder, replace(board, notes=(*board.notes, *notes)))
        folder.write_board(tested)
        return tested


def add_exchanges(folder: ComparisonFolder, board: Leaderboard) -> Leaderboard:
    """Add to each row the exchange tests of its runs, where all of them have one.

    Args:
        folder: The folder of the comparison.
        board: The leaderboard.

    Raises:
        RunError: A file of an exchange test was changed.
        DataError: A file of an exchange test is damaged, or the tests of a variant's runs are of different images.
    """
    return replace(board, rows=tuple(_add(row, _runs(folder, row.name)) for row in board.rows))


def _named(bars: Bars, name: str) -> Bars:
    """Put a name before every label."""
    return lambda label: bars(f"{name}: {label[0].lower()}{label[1:]}")


def _runs(folder: ComparisonFolder, name: str) -> list[RunFolder]:
    return [run for seed in folder.plan.seeds if (run := folder.run(name, seed)).finished]


def _add(row: Row, runs: Sequence[RunFolder]) -> Row:
    tests = [read_exchange(run) for run in runs]
    found = [one for one in tests if one is not None]
    if row.place is None or not found or len(found) < len(tests):
        return row
    parts = [ExchangePredictions.read(run, one, ALL) for run, one in zip(runs, found, strict=True)]
    first, classes = parts[0], found[0].classes
    for run, part in zip(runs, parts, strict=True):
        if not np.array_equal(part.paths, first.paths):
            raise DataError(
                f"{run.path} and {runs[0].path} had exchange tests on different images; run chestnut exchange on both"
            )
    positive = 1 if found[0].positive is None else classes.index(found[0].positive)
    sides = [part.sides for part in parts]
    exchanged, lost = judge_repeats(sides, first.targets, first.patients, positive)
    return replace(row, exchanged=exchanged, given_away=lost)
