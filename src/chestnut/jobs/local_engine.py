"""`LocalEngine`: jobs on this machine, each in a process of its own.

Memory cannot grow from job to job, and a job that crashes or is killed for want of memory takes no other with it.
Calls `jobs` and `process`.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Self

from chestnut.jobs.job import Event, Job, Listener, Result
from chestnut.jobs.machine import has_gpu, jobs_at_once
from chestnut.jobs.process import GRACE, WORKER, JobProcess, News, Starting


@dataclass(frozen=True)
class LocalEngine:
    """Runs jobs in processes of this machine.

    Attributes:
        parallel: How many at once; it changes speed, and no result.
        starting: How jobs' processes are started.
        grace: Seconds that a stopped job has to save what it has.
    """

    parallel: int = 1
    starting: Starting = WORKER
    grace: float = GRACE

    @classmethod
    def sized(cls, threads: int, jobs: int | None = None) -> Self:
        """The engine for jobs of so many threads: as many at once as asked for, else as the machine holds."""
        return cls(jobs or jobs_at_once(threads))

    @property
    def gpus(self) -> int:
        """GPUs that a job takes."""
        return int(has_gpu())

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and give their results as they come; see `jobs.Engine`."""
        waiting, news = iter(jobs), News()
        running: dict[str, JobProcess] = {}
        starter = self.starting.opened()
        try:
            while True:
                while len(running) < self.parallel and (job := next(waiting, None)) is not None:
                    running[job.name] = JobProcess.start(job, starter, news)
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
            try:
                _stop(list(running.values()), self.grace)
            finally:
                starter.close()


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
