"""The interface of trackers, and the observer that keeps a training running if one of them fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from chestnut.config import Recipe
from chestnut.runs.folder import RunFolder

_log = logging.getLogger(__name__)

#: The time in seconds before a tracker that failed is tried again.
_PAUSE = 60.0


class Tracker(Protocol):
    """A service that stores runs. A call may raise any exception; it is then repeated later."""

    @property
    def given(self) -> str:
        """The text that opens the tracker again, such as `mlflow:http://127.0.0.1:5000`."""

    def begin(self, run: RunFolder) -> int:
        """Start or continue a run; return how many of its epochs the service has already."""

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Log epochs, given as rows of history.csv."""

    def end(self, run: RunFolder) -> None:
        """Finish a run with its recorded status; its folder is missing if nothing of the run was kept."""


class Tracking:
    """An observer, used as a context manager, that passes a run's epochs to trackers.

    If a tracker fails, training continues. The tracker gets the missing epochs a minute later, and at the end.
    """

    def __init__(self, run: RunFolder, trackers: Sequence[Tracker]) -> None:
        self._listeners = [_Listener(tracker, run) for tracker in trackers]

    def __enter__(self) -> Self:
        """Notify the trackers that the run begins."""
        for one in self._listeners:
            one.notify()
        return self

    def __exit__(self, *fault: object) -> None:
        """Notify the trackers that the run has ended."""
        for one in self._listeners:
            one.end()

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Do nothing, since the trackers were notified before."""

    def batch(self, done: int) -> None:
        """Do nothing, since batches are not tracked."""

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        """Notify the trackers of new epochs in history.csv."""
        for one in self._listeners:
            one.notify()


class _Listener:
    """A tracker, with the number of epochs that it has received."""

    def __init__(self, tracker: Tracker, run: RunFolder) -> None:
        self._tracker = tracker
        self._run = run
        self._logged: int | None = None
        self._retry_at = 0.0

    def notify(self) -> None:
        if time.monotonic() >= self._retry_at:
            self._try(self._catch_up, "training continues, and it gets the missing epochs later")

    def end(self) -> None:
        if self._logged is not None or self._run.path.exists():
            self._try(self._finish, "the run folder has everything that it lacks")

    def _catch_up(self) -> None:
        if self._logged is None:
            self._logged = self._tracker.begin(self._run)
        rows = self._run.history.iloc[self._logged :].to_dict("records")
        if rows:
            self._tracker.log([{str(name): value for name, value in row.items()} for row in rows])
            self._logged += len(rows)

    def _finish(self) -> None:
        if self._run.path.exists():
            self._catch_up()
        self._tracker.end(self._run)

    def _try(self, step: Callable[[], None], consequence: str) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - no fault of a tracker may stop the run
            self._retry_at = time.monotonic() + _PAUSE
            _log.warning("the tracker %s failed (%s); %s", self._tracker.given, shorten_error(error), consequence)


def shorten_error(error: Exception) -> str:
    """Return the message of another library's error on one line of at most 200 characters.

    >>> shorten_error(ValueError("no such     host"))
    'no such host'
    """
    message = " ".join(str(error).split()) or type(error).__name__
    return message if len(message) <= 200 else f"{message[:199]}…"
