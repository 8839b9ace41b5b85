"""Show the progress of long work: the protocol `Display`, and `Lines` for scripts and notebooks.

`Lines` writes to standard error: a bar that moves where the output can be rewritten (a terminal or a notebook), and one
line an epoch or a run everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from chestnut.progress import Tick

if TYPE_CHECKING:
    from chestnut.config import Recipe
    from chestnut.jobs.job import Event, Listener
    from chestnut.studies.study import StudyFolder
    from chestnut.training.epochs.steps import Observer
    from chestnut.training.loop import Row

_BAR = 24


class Display(Protocol):
    """Shows the progress of decoding, of a training and of the jobs of a study."""

    def bar(self, label: str) -> AbstractContextManager[Tick]:
        """Show a progress bar while the block runs."""

    def training(self, label: str = "") -> AbstractContextManager[Observer]:
        """Show the epochs of one training while the block runs."""

    def jobs(self, study: StudyFolder[Any], total: int, what: str, parallel: int) -> AbstractContextManager[Listener]:
        """Show the jobs of a study while the block runs.

        Args:
            study: The folder of the study.
            total: The greatest number of jobs.
            what: What the jobs are, as "20 runs of at most 8 epochs".
            parallel: How many of them run at once.
        """


class Silent:
    """A display that shows nothing."""

    def bar(self, label: str) -> AbstractContextManager[Tick]:
        """Show nothing."""
        return nullcontext(lambda done, total: None)

    def training(self, label: str = "") -> AbstractContextManager[Observer]:
        """Show nothing."""
        return nullcontext(_SilentTraining())

    def jobs(self, study: StudyFolder[Any], total: int, what: str, parallel: int) -> AbstractContextManager[Listener]:
        """Show nothing."""
        return nullcontext(lambda event: None)


class Lines:
    """A display that writes lines and a moving bar to standard error."""

    def bar(self, label: str) -> AbstractContextManager[Tick]:
        """Show a bar where the output can be rewritten."""
        return _bar(label)

    @contextmanager
    def training(self, label: str = "") -> Iterator[Observer]:
        """Write a line an epoch, and a bar for the running one."""
        try:
            yield _Epochs(label)
        finally:
            _clear()

    @contextmanager
    def jobs(self, study: StudyFolder[Any], total: int, what: str, parallel: int) -> Iterator[Listener]:
        """Write a line for each job that ends."""
        _write(f"{study.path}: {what}, {parallel} at a time")
        yield _Jobs(total)


def choose_display(display: Display | None, quiet: bool) -> Display:
    """Return the display that was given, else `Lines`, or `Silent` where nothing is to be shown."""
    return display or (Silent() if quiet else Lines())


def epoch_line(row: Row, best: bool) -> str:
    """Format a row of history.csv for people.

    >>> row = {"epoch": 3, "loss": 0.31, "val_loss": 0.4, "val_auroc": 0.91, "seconds": 12.34}
    >>> epoch_line(row, best=True)
    'epoch   3  loss 0.3100  val loss 0.4000  val AUROC 0.9100  12.3 s  best'
    """
    return (
        f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  val loss {row['val_loss']:.4f}  "
        f"val AUROC {row['val_auroc']:.4f}  {row['seconds']:.1f} s{'  best' if best else ''}"
    )


class _SilentTraining:
    """An observer of a training that shows nothing."""

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Ignore the start."""

    def batch(self, done: int) -> None:
        """Ignore a batch."""

    def epoch(self, row: Row, best: bool) -> None:
        """Ignore an epoch."""


class _Epochs:
    """An observer of a training that writes a line an epoch."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._epoch = self._epochs = self._batches = 0

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        self._epoch, self._epochs, self._batches = done + 1, recipe.train.epochs, batches
        title = f"{self._label}: {recipe.name}" if self._label else recipe.name
        _write(f"Training {title}: up to {recipe.train.epochs} epochs of {batches} batches")

    def batch(self, done: int) -> None:
        _rewrite(f"epoch {self._epoch} of {self._epochs}", done, self._batches)

    def epoch(self, row: Row, best: bool) -> None:
        _clear()
        _write(epoch_line(row, best))
        self._epoch += 1


class _Jobs:
    """A listener that writes a line for each job that ends."""

    def __init__(self, total: int) -> None:
        self._total, self._ended = total, 0

    def __call__(self, event: Event) -> None:
        if event.kind == "end":
            self._ended += 1
            outcome = event.facts["error"] or event.facts["status"]
            _write(f"{event.job}: {outcome} ({self._ended} of at most {self._total})")


@contextmanager
def _bar(label: str) -> Iterator[Tick]:
    try:
        yield lambda done, total: _rewrite(label, done, total)
    finally:
        _clear()


def _can_rewrite() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def _rewrite(label: str, done: int, total: int) -> None:
    """Draw a bar over the current line, where that is possible."""
    if _can_rewrite():
        share = min(1.0, done / total) if total else 0.0
        filled = round(_BAR * share)
        sys.stderr.write(f"\r{label} [{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%}")
        sys.stderr.flush()


def _clear() -> None:
    """Remove the bar from the current line."""
    if _can_rewrite():
        sys.stderr.write(f"\r{' ' * 79}\r")
        sys.stderr.flush()


def _write(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
