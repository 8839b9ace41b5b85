"""Who is told of a run beside its own folder: the interface of trackers, and the observer that keeps them from harm.

`tracking_tensorboard`, `tracking_mlflow` and `tracking_wandb` hold one tracker each, `tracked` what they say, and
`trackers` opens them by name. Called by `train`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from chestnut.config import Recipe
from chestnut.runs.folder import RunFolder

_log = logging.getLogger(__name__)

#: Seconds for which a tracker that has failed is left alone.
_PAUSE = 60.0


class Tracker(Protocol):
    """Somewhere else where runs are kept. Each call may raise anything; it is then made again later."""

    @property
    def given(self) -> str:
        """The text that opens it again, such as `mlflow:http://127.0.0.1:5000`."""

    def begin(self, run: RunFolder) -> int:
        """A run starts or goes on; returns how many of its epochs are known here already."""

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Epochs have ended; `rows` are their lines of history.csv."""

    def end(self, run: RunFolder) -> None:
        """The run has ended, as its status says; where nothing of it was kept, its folder is gone."""


class Tracking:
    """An observer that tells trackers of a run while its block lasts. Where one of them fails, training goes on.

    What a tracker has missed, it is told later: a minute after it failed, and at the end.
    """

    def __init__(self, run: RunFolder, trackers: Sequence[Tracker]) -> None:
        self._listeners = [_Listener(tracker, run) for tracker in trackers]

    def __enter__(self) -> Self:
        """Tell that the run begins."""
        for one in self._listeners:
            one.tell()
        return self

    def __exit__(self, *fault: object) -> None:
        """Tell that it has ended."""
        for one in self._listeners:
            one.end()

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Nothing: trackers know of the run already."""

    def batch(self, done: int) -> None:
        """Nothing: batches are not tracked."""

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        """Tell of the epochs that stand in history.csv."""
        for one in self._listeners:
            one.tell()


class _Listener:
    """A tracker, and how much it has been told of a run."""

    def __init__(self, tracker: Tracker, run: RunFolder) -> None:
        self._tracker = tracker
        self._run = run
        self._told: int | None = None
        self._again = 0.0

    def tell(self) -> None:
        if time.monotonic() >= self._again:
            self._try(self._catch_up, "training goes on, and it will be told later")

    def end(self) -> None:
        if self._told is not None or self._run.path.exists():
            self._try(self._finish, "what it lacks stands in the run folder")

    def _catch_up(self) -> None:
        if self._told is None:
            self._told = self._tracker.begin(self._run)
        rows = self._run.history.iloc[self._told :].to_dict("records")
        if rows:
            self._tracker.log([{str(name): value for name, value in row.items()} for row in rows])
            self._told += len(rows)

    def _finish(self) -> None:
        if self._run.path.exists():
            self._catch_up()
        self._tracker.end(self._run)

    def _try(self, step: Callable[[], None], so: str) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever a tracker dies of, the run is not to
            self._again = time.monotonic() + _PAUSE
            _log.warning("track=%s failed (%s); %s", self._tracker.given, in_short(error), so)


def in_short(error: Exception) -> str:
    """An error of another library on one line of at most 200 characters.

    >>> in_short(ValueError("no such     host"))
    'no such host'
    """
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= 200 else f"{said[:199]}…"
