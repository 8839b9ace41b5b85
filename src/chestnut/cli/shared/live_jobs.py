"""The live table of a list of jobs: a line for each run, with its progress and its figures."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from chestnut.api.display import epoch_line
from chestnut.cli.shared.live_training import clock
from chestnut.cli.shared.output import err
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from chestnut.jobs.job import Event

_COLUMNS = ("run", "epoch", "progress", "loss", "val loss", "val AUROC", "time", "")
_DROPPABLE = ("loss", "time", "progress", "val loss", "epoch")


@dataclass
class _Line:
    """The state of one run, as its events report it."""

    name: str
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    status: str = "starting"
    epochs: int = 0
    batches: int = 0
    done: int = 0
    batch: int = 0
    row: dict[str, Any] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The share of the run's epochs that is done, 0..1."""
        running = self.batch / self.batches if self.batches else 0.0
        return min(1.0, (self.done + running) / self.epochs) if self.epochs else 0.0


class LiveJobs:
    """A listener that draws jobs on standard error; if that is not a terminal, it prints a line an epoch."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._lines: dict[str, _Line] = {}
        self._live = Live(console=err, get_renderable=self._render, refresh_per_second=4, transient=True)
        self._drawn = err.is_terminal

    def __enter__(self) -> Self:
        """Start to draw."""
        if self._drawn:
            self._live.start()
        return self

    def __exit__(self, *fault: object) -> None:
        """Stop drawing and print the table of all runs."""
        if self._drawn:
            self._live.stop()
            err.print(self._table(len(self._lines)))

    def __call__(self, event: Event) -> None:
        """Update the line of an event's run."""
        line = self._lines.setdefault(event.job, _Line(event.job))
        facts = event.facts
        if event.kind == "start":
            line.status, line.epochs, line.batches, line.done = (
                "training",
                facts["epochs"],
                facts["batches"],
                facts["done"],
            )
        elif event.kind == "stage":
            share = f" {facts['done'] / facts['total']:.0%}" if facts["total"] else ""
            line.status = f"{facts['label'].lower()}{share}"
        elif event.kind == "batch":
            line.status, line.batch = "training", facts["done"]
        elif event.kind == "epoch":
            line.done, line.batch, line.row = int(facts["row"]["epoch"]), 0, facts["row"]
        elif event.kind == "end":
            line.status, line.ended = facts["error"] or facts["status"], time.monotonic()
        if not self._drawn:
            self._print(event.kind, line, facts)

    def _print(self, kind: str, line: _Line, facts: dict[str, Any]) -> None:
        said = ""
        if kind == "start":
            resumed = f", resumed after epoch {line.done}" if line.done else ""
            said = f"up to {line.epochs} epochs of {line.batches} batches{resumed}"
        elif kind == "epoch":
            said = epoch_line(facts["row"], facts["best"])
        elif kind == "end":
            said = line.status
        if said:
            err.print(f"{line.name}: {said}", markup=False, soft_wrap=True)

    def _render(self) -> Table:
        return self._table(max(3, err.height - 6))

    def _table(self, most: int) -> Table:
        """Return the table of the last runs, at most `most` of them."""
        ended = sum(line.ended is not None for line in self._lines.values())
        made = table(
            f"{ended} of {self._total} runs have ended",
            _COLUMNS,
            _COLUMNS[1:2] + _COLUMNS[3:7],
            _DROPPABLE,
            "the history.csv of each run",
        )
        for line in list(self._lines.values())[-most:]:
            figures = [line.row.get(name, math.nan) for name in ("loss", "val_loss", "val_auroc")]
            shown = ["–" if math.isnan(figure) else f"{figure:.4f}" for figure in figures]
            bar = ProgressBar(total=1, completed=line.share if line.ended is None else 1, width=16)
            seconds = (line.ended or time.monotonic()) - line.started
            epoch = f"{line.done} of {line.epochs}" if line.epochs else "–"
            made.add_row(line.name, epoch, bar, *shown, clock(seconds), shorten(line.status, 40, placeholder="…"))
        return made
