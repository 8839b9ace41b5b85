"""Run jobs on this machine, each in a process of its own.

Memory cannot grow from job to job, and a job that crashes or is killed for lack of memory ends no other.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Self

from chestnut.jobs.job import Event, Job, Listener, Result
from chestnut.jobs.machine import count_parallel_jobs, has_gpu
from chestnut.jobs.process import GRACE, WORKER, JobProcess, Messages, StartMethod


@dataclass(frozen=True)
class LocalEngine:
    """An engine that runs jobs in processes of this machine.

    Attributes:
        parallel: The number of jobs that run side by side; it changes the speed and no result.
        start_method: How the processes are started.
        grace: The seconds that a stopped job has to save its state.
    """

    parallel: int = 1
    start_method: StartMethod = WORKER
    grace: float = GRACE

    @classmethod
    def sized(cls, threads: int, jobs: int | None, start_method: StartMethod) -> Self:
        """Return an engine for jobs of so many threads.

        Args:
            threads: Threads of one operation of a job.
            jobs: How many jobs run side by side; None for as many as the machine has room for.
            start_method: How the processes of jobs are started.
        """
        return cls(jobs or count_parallel_jobs(threads), start_method)

    @property
    def gpus(self) -> int:
        """The number of GPUs that a job takes: 1 where there is one, else 0."""
        return int(has_gpu())

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and yield their results as they end; see `Engine`."""
        waiting, messages = iter(jobs), Messages()
        running: dict[str, JobProcess] = {}
        starter = self.start_method.create_starter()
        try:
            while True:
                while len(running) < self.parallel and (job := next(waiting, None)) is not None:
                    running[job.name] = JobProcess.start(job, starter, messages)
                    on_event(Event(job.name, "begin", {}))
                if not running:
                    return
                name, message = messages.get()
                if message is None:
                    result = running.pop(name).finish()
                    on_event(Event(name, "end", {"status": result.status, "error": result.error}))
                    yield result
                elif message["kind"] == "end":
                    running[name].ending = message["facts"]
                elif on_event(Event(name, message["kind"], message["facts"])) == "stop":
                    running[name].stop()
        finally:
            try:
                _end_all(list(running.values()), self.grace)
            finally:
                starter.close()


def _end_all(processes: list[JobProcess], grace: float) -> None:
    """Ask processes to save their state, and kill those that have not ended after `grace` seconds."""
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
            one.finish()
