"""The table of a comparison's leaderboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.table import Table

from chestnut.cli.shared.output import human_bytes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from chestnut.evaluation.intervals.estimate import Estimate
    from chestnut.studies.comparison.leaderboard import Leaderboard, Row

_EXCHANGED = "after exchange"
_FIRST = ("", "variant", "val AUROC")
_REST = ("val accuracy", "train acc.", "trained", "s/epoch", "images/s", "size")
_DROPPABLE = ("size", "images/s", "s/epoch", "train acc.", "trained", "val accuracy", _EXCHANGED)


def leaderboard_table(board: Leaderboard) -> Table:
    """Return the leaderboard with 95 % intervals; variants that cannot be told apart share a place, marked `=`."""
    title = f"{board.images:,} validation images of {board.patients:,} patients"
    tested = any(row.exchanged is not None for row in board.rows)
    columns = (*_FIRST, *([_EXCHANGED] if tested else []), *_REST)
    made = table(title, columns, _REST[1:], _DROPPABLE)
    for row in board.rows:
        made.add_row(*_cells(row, tested), style=None if row.place is not None else "dim")
        made.footnotes += [f"a run of {row.name} failed: {why}" for why in row.failed]
    return made


def _cells(row: Row, tested: bool) -> list[str]:
    if row.place is None:
        return ["–", _fold(row.name)]
    return [
        f"{row.place}{'=' if row.tied else ''}",
        f"{_fold(row.name)}\n{row.start}",
        _with_spread(row.auroc, row.auroc_spread),
        *(["–" if row.exchanged is None else _with_spread(row.exchanged, None)] if tested else []),
        _with_spread(row.accuracy, row.accuracy_spread),
        "–" if row.train_accuracy is None else f"{row.train_accuracy:.3f}",
        f"{count(row.trained)}\nof {count(row.parameters)}",
        "–" if row.epoch_seconds is None else f"{row.epoch_seconds:.1f}",
        f"{row.images_a_second:,.0f}",
        human_bytes(row.model_bytes or 0),
    ]


def _fold(name: str, width: int = 22) -> str:
    """Return the name of a variant with each value of its grid on a line of its own, if the name is long.

    >>> print(_fold("cnn-small-balance=oversample"))
    cnn-small
    balance=oversample
    """
    return re.sub(r"-(?=[\w.]+=)", "\n", name) if len(name) > width else name


def _with_spread(estimate: Estimate | None, spread: float | None) -> str:
    shown = str(estimate).replace(" (", "\n(")
    return shown if spread is None else f"{shown}\n± {spread:.3f}"


def count(number: int | None) -> str:
    """Return a number of parameters as people read it.

    >>> count(4147586), count(642), count(None)
    ('4.1 M', '642', '–')
    """
    if number is None:
        return "–"
    if number >= 1e6:
        return f"{number / 1e6:.1f} M"
    return f"{number / 1e3:.0f} k" if number >= 1e4 else str(number)
