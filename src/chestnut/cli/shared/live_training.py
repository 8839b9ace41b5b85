"""The live table of a training: a line for each epoch, a bar for the running one, and the time left."""

from __future__ import annotations

import math
import time
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from chestnut.cli.shared.output import err
from chestnut.cli.shared.tables import table
from chestnut.config import ClassicalConfig, Recipe

_COLUMNS = ("epoch", "loss", "accuracy", "val loss", "val accuracy", "val AUROC", "rate", "time")
_DROPPABLE = ("rate", "time", "accuracy", "val accuracy")
_PLAIN = "epoch {epoch:>3}  loss {loss:.4f}  accuracy {accuracy:.4f}  val loss {val_loss:.4f}  "
_PLAIN_VAL = "val accuracy {val_accuracy:.4f}  val AUROC {val_auroc:.4f}  {seconds:.1f} s{mark}"


class LiveTable:
    """An observer that draws the training on standard error; if that is not a terminal, it prints a line an epoch."""

    def __init__(self) -> None:
        self._rows: list[tuple[dict[str, Any], bool]] = []
        self._epochs = self._batches = self._batch = self._done = 0
        self._started = self._epoch_started = time.monotonic()
        self._live = Live(console=err, get_renderable=self._render, refresh_per_second=4, transient=True)
        self._drawn = err.is_terminal

    def __enter__(self) -> Self:
        """Return the observer; drawing begins with `start`."""
        return self

    def __exit__(self, *fault: object) -> None:
        """Stop drawing and print the table of all epochs."""
        if self._live.is_started:
            self._live.stop()
            err.print(self._table(len(self._rows)))

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Print what is trained and begin to draw.

        Args:
            recipe: The recipe.
            done: How many epochs were trained before a resume.
            batches: The number of batches an epoch.
        """
        fitted = isinstance(recipe.model, ClassicalConfig)
        self._epochs, self._batches, self._done = 1 if fitted else recipe.train.epochs, batches, done
        self._started = self._epoch_started = time.monotonic()
        said = f"Fitting {recipe.name}: {batches} fits to training images"
        err.print(said if fitted else _announce(recipe, done, batches), markup=False)
        if self._drawn:
            self._live.start()

    def batch(self, done: int) -> None:
        """Move the bar to the number of batches that are done."""
        self._batch = done

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        """Add the line of an epoch that has ended, and mark it if it is the best so far."""
        self._rows.append((row, best))
        self._batch, self._epoch_started = 0, time.monotonic()
        if not self._drawn:
            text = (_PLAIN + _PLAIN_VAL).format(**row, mark="  best" if best else "")
            err.print(text, markup=False, soft_wrap=True)

    def _render(self) -> Group:
        line = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(1, self._batches), completed=self._batch, width=32)
        number = min(self._epochs, self._done + len(self._rows) + 1)
        line.add_row(Text(f"epoch {number} of {self._epochs}"), bar, Text(f"{self._left()} left at most", style="dim"))
        return Group(self._table(max(3, err.height - 8)), line)

    def _left(self) -> str:
        """Return the time left if training does not stop early, from the median time of an epoch."""
        if self._rows:
            times = sorted(row["seconds"] for row, _ in self._rows)
            each = times[len(times) // 2]
        elif self._batch:
            each = (time.monotonic() - self._epoch_started) / self._batch * self._batches
        else:
            return "…"
        share = self._batch / max(1, self._batches)
        seconds = max(0.0, each * (self._epochs - self._done - len(self._rows) - share))
        return clock(seconds)

    def _table(self, most: int) -> Table:
        """Return the table of the last epochs, at most `most` of them."""
        made = table(columns=_COLUMNS, numbers=_COLUMNS, droppable=_DROPPABLE, elsewhere="the run's history.csv")
        latest_best = max((index for index, (_, best) in enumerate(self._rows) if best), default=-1)
        for index, (row, _) in list(enumerate(self._rows))[-most:]:
            made.add_row(*_cells(row), style="bold green" if index == latest_best else None)
        return made


def _announce(recipe: Recipe, done: int, batches: int) -> str:
    stop = recipe.train.stop
    patience = f", stops after {stop.patience} without a better {stop.metric}" if stop.patience else ""
    resumed = f", resumed after epoch {done}" if done else ""
    return (
        f"Training {recipe.name}: up to {recipe.train.epochs} epochs of {batches} batches in "
        f"{recipe.train.precision}{patience}{resumed}"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    figures = [row[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy", "val_auroc")]
    shown = ["–" if math.isnan(figure) else f"{figure:.4f}" for figure in figures]
    rate = "–" if math.isnan(row["learning_rate"]) else f"{row['learning_rate']:.3g}"
    return [str(row["epoch"]), *shown, rate, clock(row["seconds"])]


def clock(seconds: float) -> str:
    """Return a duration as people read it.

    >>> clock(9.04), clock(75), clock(7300)
    ('9.0 s', '1:15', '2:01:40')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
