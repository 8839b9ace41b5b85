"""Run jobs on a Ray cluster, each in a process of its own on the node that Ray chooses.

The process of a job is the one that `LocalEngine` would start, so results are the same.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chestnut.errors import EngineError
from chestnut.jobs.job import Job, Listener, Result
from chestnut.jobs.process import GRACE, WORKER, StartMethod
from chestnut.jobs.ray.answers import ClusterLostError
from chestnut.jobs.ray.cluster import Cluster, join_cluster
from chestnut.jobs.ray.dispatcher import Dispatcher
from chestnut.jobs.ray.patience import Patience
from chestnut.jobs.ray.room import count_jobs_that_fit, describe_missing
from chestnut.processors import core_count


@contextmanager
def open_ray_engine(address: str | None, jobs: int | None, threads: int, wait: float) -> Iterator[RayEngine]:
    """Join a cluster and yield its engine.

    Args:
        address: The cluster, as `join_cluster` takes it.
        jobs: The most jobs side by side; None for as many as the cluster has room for. A cluster that is started here
            gets cores for so many.
        threads: Threads of one operation of a job.
        wait: The seconds to wait for a cluster that is silent or has no room.

    Raises:
        EngineError: The cluster cannot be joined, or no node has room for a job.
    """
    patience = Patience(wait)
    with join_cluster(address, jobs * threads if jobs else core_count(), patience) as cluster:
        room, gpus = wait_for_room(cluster, patience, threads)
        yield RayEngine(cluster, patience, min(room, jobs or room), gpus)


def wait_for_room(cluster: Cluster, patience: Patience, threads: int) -> tuple[int, int]:
    """Wait until a node could take a job, and return how many jobs have room and the GPUs that each takes.

    Raises:
        EngineError: No node could, for longer than patience allows.
    """
    while True:
        try:
            nodes = cluster.nodes()
        except ClusterLostError as error:
            raise EngineError(f"{error}; start it again") from error
        gpus = 1 if any(node.get("GPU", 0) >= 1 for node in nodes) else 0
        if missing := describe_missing(nodes, threads, gpus):
            if cluster.own:
                raise EngineError(f"{missing}; give fewer jobs side by side, or use the engine local")
            patience.report(f"{missing}: start one by ray start --num-cpus={threads}")
            patience.sleep(1.0)
        else:
            patience.end()
            return count_jobs_that_fit(nodes, threads, gpus), gpus


@dataclass(frozen=True)
class RayEngine:
    """An engine that runs jobs on the cluster that has been joined.

    Attributes:
        cluster: The cluster.
        patience: How long to wait for a cluster that is silent or has no room.
        parallel: The number of jobs that run side by side; it changes the speed and no result.
        gpus: The GPUs that a job takes.
        start_method: How the processes are started.
        grace: The seconds that a stopped job has to save its state.
    """

    cluster: Cluster
    patience: Patience
    parallel: int
    gpus: int = 0
    start_method: StartMethod = WORKER
    grace: float = GRACE

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and yield their results as they end; see `Engine`.

        Raises:
            EngineError: The cluster has been silent or without room for longer than patience allows.
        """
        waiting = iter(jobs)
        dispatcher = Dispatcher(self.start_method, self.gpus, self.grace, on_event, self.cluster, self.patience)
        try:
            while True:
                while len(dispatcher.assignments) < self.parallel and (job := next(waiting, None)) is not None:
                    dispatcher.assign(job)
                if not dispatcher.assignments:
                    return
                yield from dispatcher.collect()
        finally:
            dispatcher.close()
