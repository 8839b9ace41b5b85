"""The time as it is written into a run's files."""

from __future__ import annotations

import datetime


def now() -> str:
    """Return the time to the second, in ISO 8601 with its time zone.

    >>> now()[4], now()[10]
    ('-', 'T')
    """
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
