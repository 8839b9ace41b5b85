"""`LocalEngine`: jobs on this machine, each in a process of its own.

Memory cannot grow from job to job, and a job that crashes or is killed for want of memory takes no other with it.
Calls `jobs` and `process`.
"""

from __future__ import annotations

import math
import os
import subprocess
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

from chestnut.search.jobs import Event, Job, Listener, Result
from chestnut.search.process import COMMAND, GRACE, JobProcess, News

#: Threads of a job: more make one run little faster, and as many runs fit side by side.
_MOST_THREADS = 4
#: Memory that a job is reckoned to take, bytes: a backbone at 224 pixels with batches of 32.
MEMORY = 4 * 2**30


def threads_a_job() -> int:
    """Threads of one operation of a job on this machine: half its cores, at most 4.

    Two jobs side by side then share the cores, and one starts up while the other trains. Where there is
    a GPU, which jobs use one after another, or no memory for two jobs, all the cores, at most 4.
    """
    together = 1 if _has_gpu() or _memory("MemTotal") < 2 * MEMORY else 2
    return max(1, min(cores() // together, _MOST_THREADS))


def jobs_at_once(threads: int) -> int:
    """How many jobs run side by side unless the user says otherwise: as cores and free memory allow, one on a GPU."""
    if _has_gpu():
        return 1
    return int(max(1, min(cores() // threads, _memory("MemAvailable") // MEMORY)))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _has_gpu() -> bool:
    return Path("/dev/nvidiactl").exists()


def _memory(kind: str) -> float:
    """Bytes, as Linux counts them; infinite where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    held = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(held[kind].removesuffix("kB")) * 1024 if kind in held else math.inf


@dataclass(frozen=True)
class LocalEngine:
    """Runs jobs in processes of this machine.

    Attributes:
        parallel: How many at once; it changes speed, and no result.
        command: What a job's process runs.
        grace: Seconds that a stopped job has to save what it has.
    """

    parallel: int = 1
    command: tuple[str, ...] = COMMAND
    grace: float = GRACE

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and give their results as they come; see `jobs.Engine`."""
        waiting, news = iter(jobs), News()
        running: dict[str, JobProcess] = {}
        try:
            while True:
                while len(running) < self.parallel and (job := next(waiting, None)) is not None:
                    running[job.name] = JobProcess.start(job, self.command, news)
                    on_event(Event(job.name, "begin", {}))
                if not running:
                    return
                name, told = news.get()
                if told is not None and told["kind"] != "end":
                    if on_event(Event(name, told["kind"], told["facts"])) == "stop":
                        running[name].stop()
                elif told is not None:
                    running[name].last = told["facts"]
                else:
                    result = running.pop(name).result()
                    on_event(Event(name, "end", {"status": result.status, "error": result.error}))
                    yield result
        finally:
            _stop(list(running.values()), self.grace)


def _stop(processes: list[JobProcess], grace: float) -> None:
    """End what still runs: each may save what it has, then is killed."""
    until = time.monotonic() + grace
    try:
        for one in processes:
            one.stop()
        for one in processes:
            one.process.wait(max(0.0, until - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt, ValueError):  # too slow, Ctrl-C once more, or Windows
        pass
    finally:
        for one in processes:
            one.process.kill()
            one.result()
