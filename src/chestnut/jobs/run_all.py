"""Carry out a list of jobs in which some may have ended already: what a comparison and a cross-validation share.

Called by `compare` and `crossval`; hands jobs to an engine and reads run folders. `tune`, whose jobs follow from
results, hands them out itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from chestnut.jobs.job import Engine, Event, Job, Listener
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.worker import complete


@dataclass(frozen=True)
class JobOptions:
    """How jobs are carried out; none of it changes a result.

    Attributes:
        engine: What runs the jobs.
        command: The command line, for the runs' environment.json.
        on_event: Told what the jobs tell.
        track: Where else runs are kept, as `--track` takes it.
    """

    engine: Engine = field(default_factory=LocalEngine)
    command: str = "chestnut.compare"
    on_event: Listener = lambda event: None
    track: tuple[str, ...] = ()


def run_all(jobs: Iterable[Job], options: JobOptions) -> dict[str, str]:
    """Run the jobs that have not ended yet; gives why jobs failed, by name."""
    failures: dict[str, str] = {}
    waiting = (job for job in jobs if not _complete(job, options.on_event))
    with contextlib.closing(options.engine.run(waiting, options.on_event)) as results:
        for result in results:
            if result.status != "finished":
                failures[result.job.name] = result.error or "stopped by hand"
    return failures


def _complete(job: Job, on_event: Listener) -> bool:
    """Whether a job has nothing left to do; the listener is told as if it had just been done."""
    done = complete(job)
    if done:
        on_event(Event(job.name, "begin", {}))
        on_event(Event(job.name, "end", {"status": "finished", "error": ""}))
    return done
