"""`Writer`: writes the rows of many clients in one transaction, and says to each when they are on the disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from chestnut.errors import ChestnutError, OverloadedError, StoreError

#: The most rows of one transaction, and the most that wait.
_TOGETHER, _WAITING = 512, 4096


class _Job(NamedTuple):
    rows: Sequence[dict[str, Any]]
    done: Future[None]


class Writer:
    """Writes rows in the order in which they are given, all that wait in one transaction.

    Args:
        write: Writes rows and commits them.
    """

    def __init__(self, write: Callable[[Sequence[dict[str, Any]]], None]) -> None:
        self._write = write
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="audit", daemon=True)
        self._thread.start()

    def submit(self, rows: Sequence[dict[str, Any]]) -> Future[None]:
        """Ask for rows to be written; the future is done when they are committed, or has the error.

        Raises:
            OverloadedError: Too many rows wait.
            StoreError: The writer is closed.
        """
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()
        with self._changed:
            if self._closed:
                raise StoreError("the audit table is closed; the service is stopping")
            if self._waiting + len(rows) > _WAITING and self._jobs:
                raise OverloadedError(f"{self._waiting:,} predictions wait for the database; ask again later", 1.0)
            self._waiting += len(rows)
            self._jobs.append(_Job(rows, done))
            self._changed.notify()
        return done

    def close(self, seconds: float = 10.0) -> bool:
        """Take no more rows, write those that wait, and return whether that was done in time."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while jobs := self._take():
            self._finish(jobs)

    def _take(self) -> list[_Job]:
        """Return what waits, up to the most rows of one transaction; nothing when the writer is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            jobs: list[_Job] = []
            rows = 0
            while self._jobs and (not jobs or rows + len(self._jobs[0].rows) <= _TOGETHER):
                jobs.append(self._jobs.popleft())
                rows += len(jobs[-1].rows)
            self._waiting -= rows
            return jobs

    def _finish(self, jobs: list[_Job]) -> None:
        """Write rows together, and answer those who wait for them."""
        try:
            self._write([row for job in jobs for row in job.rows])
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to those who wait, and the thread goes on
            told = error if isinstance(error, ChestnutError) else StoreError(f"the audit table failed: {error!r}")
            for job in jobs:
                job.done.set_exception(told)
            return
        for job in jobs:
            job.done.set_result(None)
