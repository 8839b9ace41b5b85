"""Give jobs to actors on the nodes of a Ray cluster, and collect their events and results.

A `JobActor` starts the process of a job, collects its events and stops it. If an actor dies, its job is given to a new
one, which may be on another node. Ray could restart actors too, but only the dispatcher knows whether the node shares
the disk, and which files have come back. If the whole cluster is gone, it is joined again as soon as it is back.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from chestnut.errors import EngineError
from chestnut.files.disk_errors import disk_errors
from chestnut.jobs.job import Event, Job, Listener, Result
from chestnut.jobs.process import StartMethod, log_file_of, write_log
from chestnut.jobs.ray.actor import JobActor, Report
from chestnut.jobs.ray.answers import ActorLostError, ClusterLostError, Handle, TaskFailedError
from chestnut.jobs.ray.cluster import Cluster, rejoin_cluster, travelling_variables
from chestnut.jobs.ray.patience import Patience
from chestnut.jobs.ray.room import describe_busy, describe_missing
from chestnut.jobs.ray.transfer import JobFiles, unpack

_log = logging.getLogger(__name__)

#: How often a job is given to a new actor after one has died. After more deaths it fails.
_RETRIES = 3
#: Seconds that an actor waits for events before it answers, and that the dispatcher waits for answers.
_COLLECT, _WAIT = 5.0, 1.0
#: Seconds of silence after which to look whether a node is missing, and after which a silent node counts as missing.
_SOON, _SILENT = 3.0, 12.0


@dataclass
class Assignment:
    """A job and the actor that runs it.

    Attributes:
        job: The job as it was asked for.
        started: The time at which it was first assigned, on the monotonic clock.
        actor: The actor.
        ref: The answer that is waited for.
        begun: Whether the process runs, so that `ref` is a call of `collect` and not of `begin`.
        deaths: The number of its actors that have died.
        stopping: Whether the job is to stop.
        told_to_stop: Whether the actor knows.
        files: The files of the job in the cluster; None if the node shares the disk.
    """

    job: Job
    started: float
    actor: Handle = field(default=Handle(-1))
    ref: Handle = field(default=Handle(-1))
    begun: bool = False
    deaths: int = 0
    stopping: bool = False
    told_to_stop: bool = False
    files: Handle | None = None

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
        cluster: The cluster.
        patience: How long to wait for a cluster that is silent or has no room.
        assignments: The jobs that run.
        idle: The actors without a job, with the cores and GPUs that each has.
        marks: The files by which a node recognises that it shares the disk, by their folder.
        closing: Whether no job is to be run again.
        silence: The seconds that were waited since a job answered.
    """

    start_method: StartMethod
    gpus: int
    grace: float
    on_event: Listener
    cluster: Cluster
    patience: Patience
    assignments: list[Assignment] = field(default_factory=list)
    idle: list[tuple[tuple[int, int], Handle]] = field(default_factory=list)
    marks: dict[Path, Path] = field(default_factory=dict)
    closing: bool = False
    silence: float = 0.0

    def assign(self, job: Job) -> None:
        """Give a job to an actor."""
        assignment = Assignment(job, time.monotonic())
        self.assignments.append(assignment)
        self.on_event(Event(job.name, "begin", {}))
        try:
            self._send(assignment)
        except ClusterLostError as error:
            self._rejoin(str(error))

    def _send(self, assignment: Assignment) -> None:
        """Choose an actor, idle or new, and ask it to begin."""
        needs = self._needs(assignment.job)
        idle = next((item for item in self.idle if item[0] == needs), None)
        if idle is not None:
            self.idle.remove(idle)
            assignment.actor = idle[1]
        else:
            threads, gpus = needs
            # Two calls at a time: `collect` waits for events while `stop` is called.
            options = {"num_cpus": threads, "num_gpus": gpus, "max_concurrency": 2, "max_restarts": 0}
            spread = {"scheduling_strategy": "SPREAD"}
            assignment.actor = self.cluster.create(JobActor, {**options, **spread}, self.start_method)
        assignment.begun = assignment.told_to_stop = False
        assignment.files = None
        assignment.ref = self._begin(assignment)

    def _begin(self, assignment: Assignment) -> Handle:
        job = assignment.absolute_job
        variables = travelling_variables()
        if assignment.files is not None:
            variables.pop("CHESTNUT_CACHE", None)  # a folder of this machine
        mark = self._mark(job.folder.parent)
        return self.cluster.call(assignment.actor, "begin", job, variables, mark, assignment.files)

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
            with disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            self.marks[folder] = folder / f".shared-{uuid.uuid4().hex}"
            with disk_errors(self.marks[folder]):
                self.marks[folder].touch()
        return self.marks[folder]

    def collect(self) -> list[Result]:
        """Wait at most a second for answers, pass their events on, and return the results among them.

        Raises:
            EngineError: The cluster has been silent or without room for longer than patience allows.
        """
        try:
            before = self.patience.clock()
            ready = self.cluster.wait([assignment.ref for assignment in self.assignments], _WAIT)
            if not ready:
                self.silence += self.patience.clock() - before
                self._watch()
            results = [self._receive(assignment) for assignment in list(self.assignments) if assignment.ref in ready]
        except ClusterLostError as error:
            if self.closing:
                raise
            self._rejoin(str(error))
            return []
        return [result for result in results if result is not None]

    def _watch(self) -> None:
        """Report what is missing if no job has answered for some seconds."""
        if self.silence < _SOON or self.closing:
            return
        while self.idle:  # they may hold the room that is missing
            self.cluster.kill(self.idle.pop()[1])
        nodes, (threads, gpus) = self.cluster.nodes(), self._needs(self.assignments[0].job)
        if not nodes and self.cluster.own:
            raise ClusterLostError("the Ray of this machine has died")
        missing = describe_missing(nodes, threads, gpus)
        if not missing and self.silence >= _SILENT:
            begun = next((assignment.job.name for assignment in self.assignments if assignment.begun), None)
            missing = f"the node of {begun} does not answer" if begun else describe_busy(threads, gpus)
        if missing:
            self.patience.report(missing)

    def _receive(self, assignment: Assignment) -> Result | None:
        """Receive an answer; return the result if the job has ended."""
        try:
            answer = self.cluster.get(assignment.ref)
        except TaskFailedError as error:  # the actor lives, but its method raised
            self.cluster.kill(assignment.actor)  # what it holds may be in any state
            return self._fail(assignment, f"{error.kind}: {error.text}"[:300])
        except ActorLostError as error:
            return self._retry(assignment, error)
        self.silence = 0.0
        self.patience.end()
        if not assignment.begun:
            self._forget_files(assignment)
            assignment.begun = bool(answer)
            assignment.files = None if answer else self.cluster.put(JobFiles.read(assignment.absolute_job))
            assignment.ref = self._collect(assignment) if answer else self._begin(assignment)
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
        assignment.ref = self._collect(assignment)
        return None

    def _collect(self, assignment: Assignment) -> Handle:
        return self.cluster.call(assignment.actor, "collect", _COLLECT)

    def _forget_files(self, assignment: Assignment) -> None:
        """Free the files of a job in the cluster: its node has them."""
        if assignment.files is not None:
            self.cluster.forget(assignment.files)

    def stop(self, assignment: Assignment) -> None:
        """Ask the actor to stop the job, once."""
        if not assignment.told_to_stop:
            assignment.told_to_stop = True
            self.cluster.forget(self.cluster.call(assignment.actor, "stop"))

    def _retry(self, assignment: Assignment, error: ActorLostError) -> Result | None:
        """Give a job to another actor after its own has died, unless that has happened too often."""
        self.cluster.kill(assignment.actor)  # it may only be out of reach; then it ends by itself
        if self.closing:
            self.assignments.remove(assignment)
            return None
        if not assignment.begun and not error.broken:  # it never had the job: its node went before it started
            self.patience.sleep(_WAIT)
            self._send(assignment)
            return None
        assignment.deaths += 1
        if assignment.deaths > _RETRIES:
            return self._fail(
                assignment,
                f"its worker died {assignment.deaths} times ({error.kind}), most often for lack of memory; try fewer "
                "jobs side by side",
            )
        _log.warning(
            "%s: its worker died (%s); it is run again as soon as a node has room", assignment.job.name, error.kind
        )
        self._send(assignment)
        return None

    def _rejoin(self, lost: str) -> None:
        """Join the cluster again, and give all jobs to new actors.

        Raises:
            EngineError: It cannot be joined for longer than patience allows, or has been lost too often.
        """
        self.idle.clear()
        for assignment in self.assignments:
            assignment.deaths += assignment.begun
            if assignment.deaths > _RETRIES:
                raise EngineError(f"{lost}, {assignment.deaths} times while {assignment.job.name} was running")
            assignment.begun = False
        while True:
            rejoin_cluster(self.cluster, self.patience, lost)
            try:
                for assignment in self.assignments:
                    self._send(assignment)
                return
            except ClusterLostError as error:
                lost = str(error)

    def _fail(self, assignment: Assignment, error: str) -> Result:
        return self._end(assignment, Report("failed", error, time.monotonic() - assignment.started))

    def _end(self, assignment: Assignment, report: Report) -> Result:
        self.assignments.remove(assignment)
        save_report(assignment.job, report)
        self.on_event(Event(assignment.job.name, "end", {"status": report.status, "error": report.error}))
        return Result(assignment.job, report.status, report.error, report.seconds)

    def close(self) -> None:
        """Stop the jobs that run; after the grace, end the actors and with them the processes."""
        until = self.patience.clock() + self.grace
        self.closing, self.on_event = True, lambda event: None
        actors = [actor for _, actor in self.idle] + [assignment.actor for assignment in self.assignments]
        try:
            with contextlib.suppress(ClusterLostError), self.patience.hurried():
                try:
                    self._stop_all(until)
                finally:
                    for actor in actors:
                        self.cluster.kill(actor)
        finally:
            for mark in self.marks.values():
                mark.unlink(missing_ok=True)

    def _stop_all(self, until: float) -> None:
        """Stop the jobs that run, and wait until then for their ends.

        Each actor is asked anew: what ended the work, such as Ctrl-C, may have broken the waiting for an answer, which
        comes only once.
        """
        self.assignments = [assignment for assignment in self.assignments if assignment.begun]
        for assignment in self.assignments:
            self.stop(assignment)
            assignment.ref = self._collect(assignment)
        while self.assignments and self.patience.clock() < until:
            self.collect()


def save_report(job: Job, report: Report) -> None:
    """Write the run and the log that came from a node's own disk to where the job asked for them."""
    if report.run:
        unpack(report.run, job.folder)
    if report.log:
        write_log(log_file_of(job), report.log)
