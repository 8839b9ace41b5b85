"""`Delivery`: brings the results in the spool to one place, again and again until it has them."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from chestnut.errors import ChestnutError, DeliveryError, UnwantedError
from chestnut.serve.dicom.spool import Held, Spool

_LOG = logging.getLogger(__name__)

#: Seconds until the first repetition; each later one waits twice as long, up to the longest.
_FIRST, _LONGEST = 1.0, 300.0

#: After how many refusals of the same results they are put aside. A place that cannot be reached does not count.
ATTEMPTS: Final = 10

#: Seconds between two looks into the spool.
_LOOK: Final = 0.2


class Way(Protocol):
    """Takes files to one place."""

    def deliver(self, file: Path) -> None:
        """Take a file there.

        Raises:
            DeliveryError: The place refuses the file.
            UnwantedError: The place takes no such files.
            UnreachableError: The place cannot be reached.
        """


class Target(Protocol):
    """A place for results; as a text it is the name under which the spool knows it."""

    def opened(self) -> AbstractContextManager[Way]:
        """Return the way there, open for a block.

        Raises:
            UnreachableError: The place cannot be reached.
        """
        ...


class Delivery:
    """Brings results to one place, in a thread.

    Args:
        spool: The spool.
        target: The place.
        first: Seconds until the first repetition.
        attempts: After how many refusals of the same results they are put aside.
    """

    def __init__(self, spool: Spool, target: Target, *, first: float = _FIRST, attempts: int = ATTEMPTS) -> None:
        self._spool, self._target = spool, target
        self._first, self._attempts = first, attempts
        self._refused: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._sent: dict[str, set[str]] = {}
        self._wait = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"deliver to {target}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End after the file that is on its way."""
        self._stopped.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        while not self._stopped.wait(self._wait or _LOOK):
            try:
                if waiting := self._find_due():
                    self._send(waiting)
            except (ChestnutError, OSError) as error:  # out of reach, or a disk is full or has a fault
                self._wait = min(_LONGEST, 2 * self._wait or self._first)
                what = error if isinstance(error, ChestnutError) else type(error).__name__
                _LOG.warning("%s: %s; next try in %.0f s", self._target, what, self._wait)
            else:
                self._wait = 0.0

    def _find_due(self) -> list[tuple[Held, Path]]:
        now = time.monotonic()
        return [one for one in self._spool.outgoing(str(self._target)) if self._due.get(one[0].name, now) <= now]

    def _send(self, waiting: list[tuple[Held, Path]]) -> None:
        with self._target.opened() as way:
            for held, pending in waiting:
                if self._stopped.is_set():
                    return
                try:
                    self._send_files(way, held)
                except DeliveryError as error:
                    self._count(held, pending, error)
                    continue
                self._spool.settle(held, pending, sent=True)
                self._refused.pop(held.name, None)
                self._due.pop(held.name, None)
                self._sent.pop(held.name, None)
                _LOG.info("%s has the results of an object", self._target)

    def _send_files(self, way: Way, held: Held) -> None:
        """Send the results of an object that the place does not have yet.

        A place that takes one kind of results, and of another none, has what it takes: many archives have no reports.

        Raises:
            DeliveryError: The place refuses one, or all.
            UnreachableError: The place cannot be reached.
        """
        sent = self._sent.setdefault(held.name, set())
        refusal: DeliveryError | None = None
        unwanted: UnwantedError | None = None
        for file in [file for file in sorted(held.path.glob("*.dcm")) if file.name not in sent]:
            try:
                way.deliver(file)
                sent.add(file.name)
            except UnwantedError as error:
                unwanted = error
            except DeliveryError as error:
                refusal = error
        problem = refusal or (None if sent else unwanted)
        if problem is not None:
            raise problem
        if unwanted is not None:
            _LOG.warning("%s: %s; it has the other results alone", self._target, unwanted)

    def _count(self, held: Held, pending: Path, error: DeliveryError) -> None:
        """Put results off that were refused, and aside that were refused too often."""
        times = self._refused[held.name] = self._refused.get(held.name, 0) + 1
        self._due[held.name] = time.monotonic() + min(_LONGEST, self._first * 2 ** (times - 1))
        _LOG.warning("%s: %s (try %s of %s)", self._target, error, times, self._attempts)
        if times >= self._attempts:
            del self._refused[held.name], self._due[held.name], self._sent[held.name]
            self._spool.settle(held, pending, sent=False)
            _LOG.error(
                "%s does not take some results; they are kept in %s", self._target, self._spool.folder / "failed"
            )
