"""Give jobs to actors on the nodes of a Ray cluster, and collect their events and results.

A `JobActor` starts the process of a job, collects its events and stops it. If an actor dies, its job is given to a new
one, which may be on another node. Ray could restart actors too, but only the dispatcher knows whether the node shares
the disk, and which files have come back.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chestnut.jobs.job import Event, Job, Listener, Result
from chestnut.jobs.process import StartMethod
from chestnut.jobs.ray.actor import JobActor, Report
from chestnut.jobs.ray.cluster import travelling_variables
from chestnut.jobs.ray.transfer import JobFiles, unpack

_log = logging.getLogger(__name__)

#: How often a job is given to a new actor after one has died. After more deaths it fails.
_RETRIES = 3
#: Seconds that an actor waits for events before it answers, and that the dispatcher waits for answers.
_COLLECT, _WAIT = 5.0, 1.0


@dataclass
class Assignment:
    """A job and the actor that runs it.

    Attributes:
        job: The job as it was asked for.
        started: The time at which it was first assigned, on the monotonic clock.
        actor: The actor.
        ref: Ray's reference to the answer that is waited for.
        begun: Whether the process runs, so that `ref` is a call of `collect` and not of `begin`.
        deaths: The number of its actors that have died.
        stopping: Whether the job is to stop.
        told_to_stop: Whether the actor knows.
        files: Ray's reference to the files of the job; None if the node shares the disk.
    """

    job: Job
    started: float
    actor: Any = None
    ref: Any = None
    begun: bool = False
    deaths: int = 0
    stopping: bool = False
    told_to_stop: bool = False
    files: Any = None

    @property
    def absolute_job(self) -> Job:
        """The job with absolute paths, which are valid on every node that shares the disk."""
        job = self.job
        paths = {name: getattr(job, name).absolute() for name in ("folder", "manifest", "facts")}
        return replace(job, **paths, start=job.start and job.start.absolute())


@dataclass
class Dispatcher:
    """Assigns jobs to actors and collects their events and results.

    Attributes:
        start_method: How the processes of jobs are started.
        gpus: The GPUs that a job takes.
        grace: The seconds that a stopped job has to save its state.
        on_event: Receives the events.
        assignments: The jobs that run.
        idle: The actors without a job, with the cores and GPUs that each has.
        marks: The files by which a node recognises that it shares the disk, by their folder.
        closing: Whether no job is to be run again.
    """

    start_method: StartMethod
    gpus: int
    grace: float
    on_event: Listener
    assignments: list[Assignment] = field(default_factory=list)
    idle: list[tuple[tuple[int, int], Any]] = field(default_factory=list)
    marks: dict[Path, Path] = field(default_factory=dict)
    closing: bool = False

    def assign(self, job: Job) -> None:
        """Give a job to an actor."""
        assignment = Assignment(job, time.monotonic())
        self.assignments.append(assignment)
        self.on_event(Event(job.name, "begin", {}))
        self._send(assignment)

    def _send(self, assignment: Assignment) -> None:
        """Choose an actor, idle or new, and ask it to begin."""
        needs = self._needs(assignment.job)
        idle = next((item for item in self.idle if item[0] == needs), None)
        if idle is not None:
            self.idle.remove(idle)
            assignment.actor = idle[1]
        else:
            assignment.actor = self._create_actor(*needs)
        assignment.begun = assignment.told_to_stop = False
        assignment.files = None
        assignment.ref = self._begin(assignment)

    def _begin(self, assignment: Assignment) -> Any:
        job = assignment.absolute_job
        variables = travelling_variables()
        if assignment.files is not None:
            variables.pop("CHESTNUT_CACHE", None)  # a folder of this machine
        return assignment.actor.begin.remote(job, variables, self._mark(job.folder.parent), assignment.files)

    def _create_actor(self, threads: int, gpus: int) -> Any:
        import ray

        # Two calls at a time: `collect` waits for events while `stop` is called.
        options = {"num_cpus": threads, "num_gpus": gpus, "max_concurrency": 2, "max_restarts": 0}
        return ray.remote(JobActor).options(**options, scheduling_strategy="SPREAD").remote(self.start_method)

    def _needs(self, job: Job) -> tuple[int, int]:
        """Return the cores and GPUs of a job; classical recipes train on the processor."""
        if not self.gpus:
            return job.threads, 0
        from chestnut.config import ClassicalConfig, Recipe

        classical = isinstance(Recipe.from_toml(job.recipe, job.name).model, ClassicalConfig)
        return job.threads, 0 if classical else self.gpus

    def _mark(self, folder: Path) -> Path:
        """Return a file by which a node recognises that it shares the disk."""
        if folder not in self.marks:
            folder.mkdir(parents=True, exist_ok=True)
            self.marks[folder] = folder / f".shared-{uuid.uuid4().hex}"
            self.marks[folder].touch()
        return self.marks[folder]

    def collect(self) -> list[Result]:
        """Wait at most a second for answers, pass their events on, and return the results among them."""
        import ray

        ready, _ = ray.wait([assignment.ref for assignment in self.assignments], timeout=_WAIT)
        results = [self._receive(assignment) for assignment in list(self.assignments) if assignment.ref in ready]
        return [result for result in results if result is not None]

    def _receive(self, assignment: Assignment) -> Result | None:
        """Receive an answer; return the result if the job has ended."""
        import ray

        try:
            answer = ray.get(assignment.ref)
        except ray.exceptions.RayTaskError as error:  # the actor lives, but its method raised
            reason = " ".join(f"{type(error.cause).__name__}: {error.cause}".split())[:300]
            return self._fail(assignment, reason)
        except ray.exceptions.RayError as error:
            return self._retry(assignment, error)
        if not assignment.begun:
            assignment.begun = bool(answer)
            assignment.files = None if answer else ray.put(JobFiles.read(assignment.absolute_job))
            assignment.ref = assignment.actor.collect.remote(_COLLECT) if answer else self._begin(assignment)
            return None
        events, report = answer
        for event in events:
            if self.on_event(Event(assignment.job.name, event["kind"], event["facts"])) == "stop":
                assignment.stopping = True
        if report is not None:
            self.idle.append((self._needs(assignment.job), assignment.actor))
            return self._end(assignment, report)
        if events and assignment.stopping:
            self.stop(assignment)
        assignment.ref = assignment.actor.collect.remote(_COLLECT)
        return None

    def stop(self, assignment: Assignment) -> None:
        """Ask the actor to stop the job, once."""
        if not assignment.told_to_stop:
            assignment.told_to_stop = True
            assignment.actor.stop.remote()

    def _retry(self, assignment: Assignment, error: Exception) -> Result | None:
        """Give a job to another actor after its own has died, unless that has happened too often."""
        import ray

        with contextlib.suppress(Exception):  # it may only be out of reach; then it ends by itself
            ray.kill(assignment.actor)
        if self.closing:
            self.assignments.remove(assignment)
            return None
        assignment.deaths += 1
        reason = type(error).__name__
        if assignment.deaths > _RETRIES:
            return self._fail(
                assignment,
                f"its worker died {assignment.deaths} times ({reason}), most often for lack of memory; try fewer jobs "
                "side by side",
            )
        _log.warning("%s: its worker died (%s); it is run again", assignment.job.name, reason)
        self._send(assignment)
        return None

    def _fail(self, assignment: Assignment, error: str) -> Result:
        return self._end(assignment, Report("failed", error, time.monotonic() - assignment.started))

    def _end(self, assignment: Assignment, report: Report) -> Result:
        self.assignments.remove(assignment)
        save_report(assignment.job, report)
        self.on_event(Event(assignment.job.name, "end", {"status": report.status, "error": report.error}))
        return Result(assignment.job, report.status, report.error, report.seconds)

    def close(self) -> None:
        """Stop the jobs that run; after the grace, end the actors and with them the processes."""
        import ray

        until = time.monotonic() + self.grace
        self.closing, self.on_event = True, lambda event: None
        actors = [actor for _, actor in self.idle] + [assignment.actor for assignment in self.assignments]
        try:
            self.assignments = [assignment for assignment in self.assignments if assignment.begun]
            for assignment in self.assignments:
                self.stop(assignment)
            while self.assignments and time.monotonic() < until:
                self.collect()
        finally:
            for actor in actors:
                with contextlib.suppress(Exception):  # it may have ended already
                    ray.kill(actor)
            for mark in self.marks.values():
                mark.unlink(missing_ok=True)


def save_report(job: Job, report: Report) -> None:
    """Write the run and the log that came from a node's own disk to where the job asked for them."""
    if report.run:
        unpack(report.run, job.folder)
    if report.log:
        job.folder.with_name(f"{job.folder.name}.log").write_text(report.log, encoding="utf-8")
