"""What this machine has, and how many jobs it holds. Called by the engines and by whoever plans a list of jobs."""

from __future__ import annotations

import math
import os
from pathlib import Path

#: Threads of a job: more make one run little faster, and as many runs fit side by side.
_MOST_THREADS = 4
#: Memory that a job is reckoned to take, bytes: a backbone at 224 pixels with batches of 32.
MEMORY = 4 * 2**30


def threads_a_job() -> int:
    """Threads of one operation of a job on this machine: half its cores, at most 4.

    Two jobs side by side then share the cores, and one starts up while the other trains. Where there is a GPU, which
    jobs use one after another, or no memory for two jobs, all the cores, at most 4.
    """
    together = 1 if has_gpu() or _memory("MemTotal") < 2 * MEMORY else 2
    return max(1, min(cores() // together, _MOST_THREADS))


def jobs_at_once(threads: int) -> int:
    """How many jobs run side by side unless the user says otherwise: as cores and free memory allow, one on a GPU."""
    if has_gpu():
        return 1
    return int(max(1, min(cores() // threads, _memory("MemAvailable") // MEMORY)))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_gpu() -> bool:
    """Whether there is an NVIDIA GPU."""
    return Path("/dev/nvidiactl").exists()


def _memory(kind: str) -> float:
    """Bytes, as Linux counts them; infinite where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    held = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(held[kind].removesuffix("kB")) * 1024 if kind in held else math.inf
