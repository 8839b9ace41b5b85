"""Run jobs on a Ray cluster, each in a process of its own on the node that Ray chooses.

The process of a job is the one that `LocalEngine` would start, so results are the same.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chestnut.data.parallel import core_count
from chestnut.errors import EngineError
from chestnut.jobs.job import Job, Listener, Result
from chestnut.jobs.machine import JOB_MEMORY
from chestnut.jobs.process import GRACE, WORKER, StartMethod
from chestnut.jobs.ray.cluster import join_cluster, node_resources
from chestnut.jobs.ray.dispatcher import Dispatcher


@contextmanager
def open_ray_engine(address: str | None, jobs: int | None, threads: int) -> Iterator[RayEngine]:
    """Join a cluster and yield its engine.

    Args:
        address: The cluster, as `join_cluster` takes it.
        jobs: The most jobs side by side; None for as many as the cluster has room for. A cluster that is started here
            gets cores for so many.
        threads: Threads of one operation of a job.

    Raises:
        EngineError: The cluster cannot be joined, or no node has room for a job.
    """
    with join_cluster(address, jobs * threads if jobs else core_count()):
        nodes = node_resources()
        gpus = 1 if any(node.get("GPU", 0) >= 1 for node in nodes) else 0
        room = count_jobs_that_fit(nodes, threads, gpus)
        yield RayEngine(min(room, jobs or room), gpus)


def count_jobs_that_fit(nodes: Iterable[dict[str, float]], threads: int, gpus: int = 0) -> int:
    """Return how many jobs have room on some nodes together, by cores, memory and GPUs.

    Args:
        nodes: The resources of each node, as `node_resources` returns them.
        threads: The cores that a job takes.
        gpus: The GPUs that a job takes.

    Raises:
        EngineError: No node has room for a job.

    >>> count_jobs_that_fit([{"CPU": 8, "memory": 64e9}, {"CPU": 4, "memory": 6e9}], threads=2)
    5
    """
    nodes = list(nodes)
    counts = [min(int(node.get("CPU", 0) // threads), _count_by_memory(node)) for node in nodes]
    if gpus:
        counts = [min(count, int(node.get("GPU", 0) // gpus)) for count, node in zip(counts, nodes, strict=True)]
    if not sum(counts):
        most = max((int(node.get("CPU", 0)) for node in nodes), default=0)
        also = f" and {gpus} GPU" if gpus else ""
        raise EngineError(
            f"a job takes {threads} cores{also}, but no node of the Ray cluster has them ({most} cores at most); join "
            f"a larger one, or start its nodes by ray start --num-cpus={threads}"
        )
    return sum(counts)


def _count_by_memory(node: dict[str, float]) -> int:
    """Return how many jobs the memory of a node has room for, at least one, as on this machine."""
    return max(1, int(node["memory"] // JOB_MEMORY)) if "memory" in node else sys.maxsize


@dataclass(frozen=True)
class RayEngine:
    """An engine that runs jobs on the cluster that has been joined.

    Attributes:
        parallel: The number of jobs that run side by side; it changes the speed and no result.
        gpus: The GPUs that a job takes.
        start_method: How the processes are started.
        grace: The seconds that a stopped job has to save its state.
    """

    parallel: int
    gpus: int = 0
    start_method: StartMethod = WORKER
    grace: float = GRACE

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and yield their results as they end; see `Engine`."""
        waiting = iter(jobs)
        dispatcher = Dispatcher(self.start_method, self.gpus, self.grace, on_event)
        try:
            while True:
                while len(dispatcher.assignments) < self.parallel and (job := next(waiting, None)) is not None:
                    dispatcher.assign(job)
                if not dispatcher.assignments:
                    return
                yield from dispatcher.collect()
        finally:
            dispatcher.close()
