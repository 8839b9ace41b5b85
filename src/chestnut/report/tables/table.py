"""`Table`: a table of a run before it is written in one format or another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chestnut.evaluation.intervals.estimate import Estimate

#: What a cell contains; None where nothing is known.
Cell = str | int | float | Estimate | None
#: A cell without an interval.
Plain = str | int | float | None


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: A plain name, unique within a run, such as `metrics-test`.
        title: What the table shows.
        columns: The headings.
        rows: The cells; each row has one for every heading.
        notes: How the table is to be read, in sentences.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, name: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], notes: Sequence[str] = ()
    ) -> Table:
        """Make a table of lists.

        Raises:
            ValueError: A row does not have as many cells as there are headings.
        """
        if any(len(row) != len(columns) for row in rows):
            raise ValueError(f"the table {name} has rows of several lengths")
        return cls(name, title, tuple(columns), tuple(map(tuple, rows)), tuple(filter(None, notes)))

    def spread(self) -> tuple[tuple[str, ...], tuple[tuple[Plain, ...], ...]]:
        """Return headings and rows in which a figure and the two ends of its interval have a cell each.

        An infinite figure is `inf`.

        >>> table = Table.of("t", "T", ["metric", "figure"], [["AUROC", Estimate(0.9, 0.8, 0.95)], ["LR+", None]])
        >>> table.spread()
        (('metric', 'figure', 'figure low', 'figure high'), (('AUROC', 0.9, 0.8, 0.95), ('LR+', None, None, None)))
        """
        wide = [any(isinstance(row[at], Estimate) for row in self.rows) for at in range(len(self.columns))]
        columns: list[str] = []
        for name, estimated in zip(self.columns, wide, strict=True):
            columns += [name, f"{name} low", f"{name} high"] if estimated else [name]
        rows = []
        for row in self.rows:
            cells: list[Plain] = []
            for cell, estimated in zip(row, wide, strict=True):
                cells += _ends(cell) if estimated else [_plain(cell)]
            rows.append(tuple(cells))
        return tuple(columns), tuple(rows)


def _ends(cell: Cell) -> list[Plain]:
    """Return a figure with the ends of its interval; an infinite figure has a lower end alone."""
    if not isinstance(cell, Estimate):
        return [_plain(cell), None, None]
    beyond = math.inf if cell.low is not None else None
    return [
        cell.value if cell.value is not None else beyond,
        cell.low,
        cell.high if cell.high is not None else beyond,
    ]


def _plain(cell: Cell) -> Plain:
    if isinstance(cell, Estimate):
        raise TypeError("an estimate takes three cells")
    return None if isinstance(cell, float) and math.isnan(cell) else cell
