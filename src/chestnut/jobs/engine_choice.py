"""Which engine runs a list of jobs: chosen by name, checked before anything is written, opened when jobs are ready.

Called by `cli` and `api`; opens `local` or `ray_engine`, whose libraries load only where they are chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chestnut.errors import EngineError, suggest
from chestnut.jobs.job import Engine

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class EngineChoice:
    """An engine as the user names it.

    Attributes:
        name: `local` or `ray`.
        address: Of `ray`, the cluster: `ray://HOST:PORT`, `HOST:PORT` or `auto`; None starts one on this machine.
        jobs: Jobs side by side; None for as many as fit.
    """

    name: str = "local"
    address: str | None = None
    jobs: int | None = None

    def check(self) -> None:
        """Refuse what could not be opened later.

        Raises:
            EngineError: An unknown engine, an address without Ray or where nobody answers, or no jobs at all.
            MissingExtraError: Ray is not installed.
        """
        if self.name not in ENGINES:
            raise EngineError(f"--engine {self.name}: {suggest(self.name, ENGINES)}")
        if self.address is not None and self.name != "ray":
            raise EngineError(f"--address {self.address}: engine {self.name} takes no address; give --engine ray too")
        if self.jobs is not None and self.jobs < 1:
            raise EngineError(f"--jobs {self.jobs}: give 1 or more side by side")
        if self.name == "ray":
            from chestnut.jobs.ray.cluster import check_cluster

            check_cluster(self.address)

    @contextmanager
    def open(self, threads: int) -> Iterator[Engine]:
        """The engine, ready for jobs of so many threads each; closed with the block.

        Raises:
            EngineError: The cluster cannot be joined, or no node of it has room for a job.
        """
        if self.name == "ray":
            from chestnut.jobs.ray.engine import opened_ray

            with opened_ray(self.address, self.jobs, threads) as engine:
                yield engine
        else:
            from chestnut.jobs.local_engine import LocalEngine

            yield LocalEngine.sized(threads, self.jobs)
