"""`RayEngine`: jobs on a Ray cluster, each in a process of its own on the node that Ray gives it.

A job's process is the one that `LocalEngine` would start, so that results are the same. Each runs at a `Place`, an
actor, which is asked for news and told to stop. Ray is told not to start actors again: a job whose place has died has
to be handed out anew, to a place that may be elsewhere, and only this side knows whether the disk is shared and what
has come home so far. Calls `cluster`, `place` and `parcel`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chestnut.errors import EngineError
from chestnut.jobs.job import Event, Job, Listener, Result
from chestnut.jobs.machine import MEMORY, cores
from chestnut.jobs.process import GRACE, WORKER, Starting
from chestnut.jobs.ray.actor import Place, Report
from chestnut.jobs.ray.cluster import joined, nodes
from chestnut.jobs.ray.transfer import Parcel, unpack

_log = logging.getLogger(__name__)

#: How often a job is handed out again after its place has died: more is no accident.
_AGAIN = 3
#: Seconds that a call for news waits at the place, and that one for answers waits here.
_HEAR, _WAIT = 5.0, 1.0
#: Variables that travel with a job: what runs it, where its pixels are kept, and what its trackers ask for.
TRAVEL = ("KERAS_", "CHESTNUT_", "MLFLOW_", "WANDB_")


@contextmanager
def opened_ray(address: str | None, jobs: int | None, threads: int) -> Iterator[RayEngine]:
    """The engine of a cluster.

    Args:
        address: As `joined` takes it.
        jobs: The most side by side; None for as many as the cluster holds. A cluster that is started here takes them.
        threads: Of each job.

    Raises:
        EngineError: The cluster cannot be joined, or no node has room for a job.
    """
    with joined(address, jobs * threads if jobs else cores()):
        gpus = 1 if any(node.get("GPU", 0) >= 1 for node in nodes()) else 0
        room = jobs_that_fit(nodes(), threads, gpus)
        yield RayEngine(min(room, jobs or room), gpus)


def jobs_that_fit(held: Iterable[dict[str, float]], threads: int, gpus: int = 0) -> int:
    """How many jobs nodes hold together, by cores, memory and GPUs.

    Args:
        held: Resources of each node.
        threads: Cores that a job takes.
        gpus: GPUs that a job takes.

    Raises:
        EngineError: No node holds one.

    >>> jobs_that_fit([{"CPU": 8, "memory": 64e9}, {"CPU": 4, "memory": 6e9}], threads=2)
    5
    """
    held = list(held)
    whole = [min(int(node.get("CPU", 0) // threads), _by_memory(node)) for node in held]
    if gpus:
        whole = [min(count, int(node.get("GPU", 0) // gpus)) for count, node in zip(whole, held, strict=True)]
    if not sum(whole):
        most = max((int(node.get("CPU", 0)) for node in held), default=0)
        also = f" and {gpus} GPU" if gpus else ""
        raise EngineError(
            f"a job takes {threads} cores{also}, and no node of the Ray cluster has them ({most} cores at most); join "
            f"a larger one, or start its nodes by ray start --num-cpus={threads}"
        )
    return sum(whole)


def _by_memory(node: dict[str, float]) -> int:
    """Jobs that a node's memory holds, at least one, as on this machine."""
    return max(1, int(node["memory"] // MEMORY)) if "memory" in node else sys.maxsize


@dataclass(frozen=True)
class RayEngine:
    """Runs jobs on the cluster that has been joined.

    Attributes:
        parallel: How many at once; it changes speed, and no result.
        gpus: GPUs that a job takes.
        starting: How jobs' processes are started.
        grace: Seconds that a stopped job has to save what it has.
    """

    parallel: int
    gpus: int = 0
    starting: Starting = WORKER
    grace: float = GRACE

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and give their results as they come; see `jobs.Engine`."""
        waiting = iter(jobs)
        desk = _Desk(self, on_event)
        try:
            while True:
                while len(desk.errands) < self.parallel and (job := next(waiting, None)) is not None:
                    desk.hand_out(job)
                if not desk.errands:
                    return
                yield from desk.answers(_WAIT)
        finally:
            desk.close()


@dataclass
class _Errand:
    """A job that has been handed out.

    Attributes:
        job: As it was asked for.
        started: When, on the monotonic clock.
        place: The actor that does it.
        ref: The answer that is waited for.
        begun: Whether its process runs, so that `ref` is for news.
        deaths: Places that have died under it.
        stopping: Whether it is to stop.
        told: Whether its place has been told so.
        parcel: Reference to its files, where its place does not share the disk.
    """

    job: Job
    started: float
    place: Any = None
    ref: Any = None
    begun: bool = False
    deaths: int = 0
    stopping: bool = False
    told: bool = False
    parcel: Any = None

    @property
    def absolute(self) -> Job:
        """The job with paths that hold on every node that shares the disk."""
        job = self.job
        paths = {name: getattr(job, name).absolute() for name in ("folder", "manifest", "facts")}
        return replace(job, **paths, start=job.start and job.start.absolute())


@dataclass
class _Desk:
    """Hands jobs out and takes in what comes of them."""

    engine: RayEngine
    on_event: Listener
    errands: list[_Errand] = field(default_factory=list)
    idle: list[tuple[tuple[int, int], Any]] = field(default_factory=list)
    marks: dict[Path, Path] = field(default_factory=dict)
    closing: bool = False

    def hand_out(self, job: Job) -> None:
        errand = _Errand(job, time.monotonic())
        self.errands.append(errand)
        self.on_event(Event(job.name, "begin", {}))
        self._send(errand)

    def _send(self, errand: _Errand) -> None:
        """Give an errand a place and ask it to begin."""
        needs = self._needs(errand.job)
        kept = next((item for item in self.idle if item[0] == needs), None)
        if kept is not None:
            self.idle.remove(kept)
            errand.place = kept[1]
        else:
            errand.place = self._new_place(*needs)
        errand.begun = errand.told = False
        errand.parcel = None
        errand.ref = self._begin(errand)

    def _begin(self, errand: _Errand) -> Any:
        job = errand.absolute
        shared = errand.parcel is None
        travel = {name: text for name, text in os.environ.items() if name.startswith(TRAVEL)}
        if not shared:
            travel.pop("CHESTNUT_CACHE", None)  # a folder of this machine's
        return errand.place.begin.remote(job, travel, self._mark(job.folder.parent), errand.parcel)

    def _new_place(self, threads: int, gpus: int) -> Any:
        import ray

        # Two calls at once: one waits for news while another says stop.
        options = {"num_cpus": threads, "num_gpus": gpus, "max_concurrency": 2, "max_restarts": 0}
        return ray.remote(Place).options(**options, scheduling_strategy="SPREAD").remote(self.engine.starting)

    def _needs(self, job: Job) -> tuple[int, int]:
        """Cores and GPUs of a job; classical recipes train on the processor."""
        if not self.engine.gpus:
            return job.threads, 0
        from chestnut.config import ClassicalConfig, Recipe

        classical = isinstance(Recipe.from_toml(job.recipe, job.name).model, ClassicalConfig)
        return job.threads, 0 if classical else self.engine.gpus

    def _mark(self, folder: Path) -> Path:
        """A file by which a node sees that it shares the disk."""
        if folder not in self.marks:
            folder.mkdir(parents=True, exist_ok=True)
            self.marks[folder] = folder / f".shared-{uuid.uuid4().hex}"
            self.marks[folder].touch()
        return self.marks[folder]

    def answers(self, seconds: float) -> list[Result]:
        """Wait for answers, pass on what they tell, and give the results among them."""
        import ray

        ready, _ = ray.wait([errand.ref for errand in self.errands], timeout=seconds)
        results = [self._take(errand) for errand in list(self.errands) if errand.ref in ready]
        return [result for result in results if result is not None]

    def _take(self, errand: _Errand) -> Result | None:
        """Take in an answer; gives the result where it was the last."""
        import ray

        try:
            answer = ray.get(errand.ref)
        except ray.exceptions.RayTaskError as error:  # the place is well, and what it was asked for failed
            said = " ".join(f"{type(error.cause).__name__}: {error.cause}".split())[:300]
            return self._ended(errand, Report("failed", said, time.monotonic() - errand.started), alive=False)
        except ray.exceptions.RayError as error:
            return self._died(errand, error)
        if not errand.begun:
            errand.begun = bool(answer)
            errand.parcel = None if answer else ray.put(Parcel.of(errand.absolute))
            errand.ref = errand.place.hear.remote(_HEAR) if answer else self._begin(errand)
            return None
        told, report = answer
        for one in told:
            if self.on_event(Event(errand.job.name, one["kind"], one["facts"])) == "stop":
                errand.stopping = True
        if report is not None:
            return self._ended(errand, report, alive=True)
        if told and errand.stopping:
            self.stop(errand)
        errand.ref = errand.place.hear.remote(_HEAR)
        return None

    def stop(self, errand: _Errand) -> None:
        """Tell an errand's place to stop, once."""
        if not errand.told:
            errand.told = True
            errand.place.stop.remote()

    def _died(self, errand: _Errand, error: Exception) -> Result | None:
        """Hand a job out again whose place has died, unless that has happened too often."""
        import ray

        with contextlib.suppress(Exception):  # it may be out of reach rather than dead: then it ends itself
            ray.kill(errand.place)
        if self.closing:
            self.errands.remove(errand)
            return None
        errand.deaths += 1
        why = type(error).__name__
        if errand.deaths > _AGAIN:
            said = f"its worker died {errand.deaths} times ({why}), most often for want of memory; try --jobs 1"
            return self._ended(errand, Report("failed", said, time.monotonic() - errand.started), alive=False)
        _log.warning("%s: its worker died (%s); it is run again", errand.job.name, why)
        self._send(errand)
        return None

    def _ended(self, errand: _Errand, report: Report, *, alive: bool) -> Result:
        self.errands.remove(errand)
        if alive:
            self.idle.append((self._needs(errand.job), errand.place))
        take_home(errand.job, report)
        self.on_event(Event(errand.job.name, "end", {"status": report.status, "error": report.error}))
        return Result(errand.job, report.status, report.error, report.seconds)

    def close(self) -> None:
        """End what still runs: each may save what it has, then its place goes, and its process with it."""
        import ray

        until = time.monotonic() + self.engine.grace
        self.closing, self.on_event = True, lambda event: None
        places = [place for _, place in self.idle] + [errand.place for errand in self.errands]
        try:
            self.errands = [errand for errand in self.errands if errand.begun]
            for errand in self.errands:
                self.stop(errand)
            while self.errands and time.monotonic() < until:
                self.answers(_WAIT)
        finally:
            for place in places:
                with contextlib.suppress(Exception):  # gone already
                    ray.kill(place)
            for mark in self.marks.values():
                mark.unlink(missing_ok=True)


def take_home(job: Job, report: Report) -> None:
    """Put what came from a node's own disk where the job asked for it."""
    if report.run:
        unpack(report.run, job.folder)
    if report.log:
        job.folder.with_name(f"{job.folder.name}.log").write_text(report.log, encoding="utf-8")
