"""`Patience`: how long to wait for a cluster that has become silent or has no room."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chestnut.errors import EngineError

_log = logging.getLogger(__name__)


@dataclass
class Patience:
    """Tells once what is missing, and ends the work if it stays missing.

    Attributes:
        wait: The seconds to wait, 0 or more.
        clock: The time in seconds, on a clock that never goes back.
        sleep: Waits so many seconds.
        until: When the wait that has been told ends; None if nothing is missing.
    """

    wait: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    until: float | None = field(default=None, init=False)

    @property
    def left(self) -> float:
        """The seconds that are left to wait."""
        return self.wait if self.until is None else max(0.0, self.until - self.clock())

    def report(self, missing: str) -> None:
        """Say what is missing, the first time; later, do nothing while there is time left.

        Args:
            missing: What is missing, as a clause.

        Raises:
            EngineError: The wait is over.
        """
        if self.until is None:
            self.until = self.clock() + self.wait
            if self.wait:
                _log.warning("%s; waiting up to %s", missing, format_duration(self.wait))
        if self.clock() >= self.until:
            waited = f", also after {format_duration(self.wait)}" if self.wait else ""
            raise EngineError(f"{missing}{waited}; start what is missing, or set a longer wait=SECONDS")

    def end(self) -> None:
        """Take note that nothing is missing, and say so if something was."""
        if self.until is not None:
            self.until = None
            _log.warning("the Ray cluster is back; work goes on")

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Wait for nothing in this block, and end it quietly where something is missing."""
        before, self.wait, self.until = self.wait, 0.0, None
        try:
            with contextlib.suppress(EngineError):
                yield
        finally:
            self.wait, self.until = before, None


def format_duration(seconds: float) -> str:
    """Return a duration as people say it.

    >>> format_duration(60), format_duration(90), format_duration(7200), format_duration(0.5)
    ('1 min', '90 s', '2 h', '0.5 s')
    """
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and not seconds % size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"
