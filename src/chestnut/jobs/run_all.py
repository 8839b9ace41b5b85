"""Run a list of jobs of which some may be complete already, as a comparison and a cross-validation do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from chestnut.jobs.job import Engine, Event, Job, Listener
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.run_job import is_complete
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class JobOptions:
    """How a list of jobs is run; none of it changes a result.

    Attributes:
        engine: The engine that runs the jobs.
        command: The command line, for the records of the runs.
        on_event: Receives the events of the jobs.
        track: Where else the runs are kept, as `cn.train(track=…)` takes it.
    """

    engine: Engine = field(default_factory=LocalEngine)
    command: str = "chestnut.compare"
    on_event: Listener = lambda event: None
    track: tuple[str, ...] = ()


def run_all(jobs: Iterable[Job], options: JobOptions) -> dict[str, str]:
    """Run the jobs that are not complete.

    Returns:
        For each job that failed or was stopped, by its name, the reason in one line.
    """
    failures: dict[str, str] = {}
    waiting = (job for job in jobs if not _skip_complete(job, options.on_event))
    with contextlib.closing(options.engine.run(waiting, options.on_event)) as results:
        for result in results:
            if result.status != "finished":
                failures[result.job.name] = result.error or "stopped by Ctrl-C"
    return failures


def _skip_complete(job: Job, on_event: Listener) -> bool:
    """Return whether a job is complete, and if so notify the listener as if it had just been done."""
    complete = is_complete(job)
    if complete:
        RunFolder(job.folder).remove_state()
        on_event(Event(job.name, "begin", {}))
        on_event(Event(job.name, "end", {"status": "finished", "error": ""}))
    return complete
