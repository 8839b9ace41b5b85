"""Choose the engine that runs a list of jobs, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chestnut.errors import EngineError, suggest
from chestnut.jobs.job import Engine
from chestnut.jobs.process import WORKER, StartMethod
from chestnut.limits import require_between

ENGINES = ("local", "ray")

#: The most jobs side by side: more processes than that no machine can start at once.
_MOST_JOBS = 10_000

#: The longest wait for a cluster: a year.
_LONGEST = 366 * 24 * 3600


@dataclass(frozen=True)
class EngineChoice:
    """An engine as the user names it.

    Attributes:
        name: `local` or `ray`.
        address: The Ray cluster: `ray://HOST:PORT`, `HOST:PORT` or `auto`; None starts one on this machine.
        jobs: The number of jobs side by side; None for as many as there is room for.
        wait: The seconds to wait for a Ray cluster that is silent, has no node or has no room.
        start_method: How a local engine starts its processes.
    """

    name: str = "local"
    address: str | None = None
    jobs: int | None = None
    wait: float = 60.0
    start_method: StartMethod = WORKER

    def check(self) -> None:
        """Check what can be checked before anything is read or written.

        Raises:
            EngineError: The engine is unknown, the address does not answer or needs Ray, or a number is out of range.
            MissingExtraError: Ray is not installed.
        """
        if self.name not in ENGINES:
            raise EngineError(f"engine={self.name}: {suggest(self.name, ENGINES)}")
        if self.address is not None and self.name != "ray":
            raise EngineError(
                f"address={self.address}: the engine {self.name} takes no address; choose the engine ray, or leave the "
                "address out"
            )
        require_between(1, _MOST_JOBS, " side by side", error=EngineError, jobs=self.jobs)
        if isinstance(self.wait, bool) or not isinstance(self.wait, int | float) or not 0 <= self.wait <= _LONGEST:
            raise EngineError(f"wait: give a number of seconds from 0 to {_LONGEST}")
        if self.name == "ray":
            from chestnut.jobs.ray.cluster import check_cluster

            check_cluster(self.address)

    @contextmanager
    def prepared(self, threads: int) -> Iterator[EngineChoice]:
        """Let a local engine load the libraries of its jobs while the block decides what they are.

        Args:
            threads: The threads of one operation of a job.

        Yields:
            The same choice, whose engine goes on from there.
        """
        if self.name != "local":
            yield self
            return
        with self.start_method.prepared(threads) as method:
            yield replace(self, start_method=method)

    @contextmanager
    def open(self, threads: int) -> Iterator[Engine]:
        """Yield the engine for jobs of so many threads, and close it after the block.

        Raises:
            EngineError: The cluster cannot be joined, or no node of it has room for a job.
        """
        if self.name == "ray":
            from chestnut.jobs.ray.engine import open_ray_engine

            with open_ray_engine(self.address, self.jobs, threads, self.wait) as engine:
                yield engine
        else:
            from chestnut.jobs.local_engine import LocalEngine

            yield LocalEngine.sized(threads, self.jobs, self.start_method)
