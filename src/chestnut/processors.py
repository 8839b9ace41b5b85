"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def core_count() -> int:
    """Return the number of cores that this process may use, 1 or more.

    A container may be allowed less than the cores that it sees: a quota of 1.5 cores counts as 2.
    """
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(seen, _quota())))


def _quota() -> float:
    """Return the cores that the control group of this process may use; infinity without a limit."""
    for read in (_read_version_2, _read_version_1):
        try:
            return read()
        except (OSError, ValueError):  # no such file, or no number in it: another version, or no limit
            continue
    return math.inf


def _read_version_2() -> float:
    allowed, period = (_CGROUP / "cpu.max").read_text().split()
    return int(allowed) / int(period)


def _read_version_1() -> float:
    allowed, period = (int((_CGROUP / "cpu" / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    return allowed / period if allowed > 0 else math.inf
