"""Say what this machine has, and how many jobs it has room for."""

from __future__ import annotations

import math
from pathlib import Path

from chestnut.accelerators import find_accelerators, hidden_accelerators
from chestnut.processors import core_count

#: The most threads of a job: with more, one run is little faster, while the cores could run another beside it.
_MOST_THREADS = 4
#: The memory that a job is assumed to take, in bytes: a backbone at 224 pixels with batches of 32.
JOB_MEMORY = 4 * 2**30


def threads_per_job() -> int:
    """Return how many threads one operation of a job uses on this machine: half its cores, at most 4.

    Two jobs then share the cores, and one starts up while the other trains. All the cores, at most 4, where there is a
    GPU, which jobs use one after another, or no memory for two jobs.
    """
    together = 1 if has_gpu() or _memory("MemTotal") < 2 * JOB_MEMORY else 2
    return max(1, min(core_count() // together, _MOST_THREADS))


def count_parallel_jobs(threads: int) -> int:
    """Return how many jobs of so many threads have room side by side, by cores and free memory; one on a GPU."""
    if has_gpu():
        return 1
    return int(max(1, min(core_count() // threads, _memory("MemAvailable") // JOB_MEMORY)))


def has_gpu() -> bool:
    """Return whether there is an NVIDIA GPU that this process may use."""
    return "nvidia" in find_accelerators() and "nvidia" not in hidden_accelerators()


def _memory(kind: str) -> float:
    """Return an amount of memory in bytes, by its name in /proc/meminfo; infinite where there is no such file."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    amounts = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(amounts[kind].removesuffix("kB")) * 1024 if kind in amounts else math.inf
