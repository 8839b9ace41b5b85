"""`Pace`: how fast a long piece of work goes, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable

#: The seconds between two lines about the same work.
_MINUTE = 60.0


class Pace:
    """How fast a piece of work goes, and when to say so where no bar can be drawn.

    Args:
        label: What is done.
        clock: Returns the time in seconds.
    """

    def __init__(self, label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._label, self._clock = label, clock
        self._began = self._said = clock()
        self._first: int | None = None
        self._rate = 0.0

    def note(self, done: int) -> None:
        """Take how much is done; what an earlier command has done does not count."""
        if self._first is None:
            self._first, self._began = done, self._clock()
        elif (seconds := self._clock() - self._began) > 0:
            self._rate = (done - self._first) / seconds

    @property
    def speed(self) -> str:
        """How many are done in a second, in words; empty while that is not known."""
        return f"{self._rate:,.{0 if self._rate >= 10 else 1}f} a second" if self._rate else ""

    def line(self, done: int, total: int) -> str:
        """Say how far the work is, once a minute; otherwise empty."""
        if self._clock() - self._said < _MINUTE or not self._rate:
            return ""
        self._said = self._clock()
        left = (total - done) / self._rate
        return f"{self._label}: {done:,} of {total:,}, {self.speed}, {_describe(left)} left"


def _describe(seconds: float) -> str:
    """Return a time as people read it.

    >>> _describe(75), _describe(3 * 3600 + 120)
    ('1 min', '3 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
