"""Say how many jobs have room on the nodes of a cluster, and what is missing if none has."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from chestnut.jobs.machine import JOB_MEMORY

#: The resources of a node, such as `CPU`, `GPU`, and `memory` in bytes.
Resources = dict[str, float]


def count_jobs_that_fit(nodes: Sequence[Resources], threads: int, gpus: int = 0) -> int:
    """Return how many jobs have room on some nodes together, by cores, memory and GPUs.

    Args:
        nodes: The resources of each node.
        threads: The cores that a job takes.
        gpus: The GPUs that a job takes.

    >>> count_jobs_that_fit([{"CPU": 8, "memory": 64e9}, {"CPU": 4, "memory": 6e9}], threads=2)
    5
    """
    counts = [min(int(node.get("CPU", 0) // threads), _count_by_memory(node)) for node in nodes]
    if gpus:
        counts = [min(count, int(node.get("GPU", 0) // gpus)) for count, node in zip(counts, nodes, strict=True)]
    return sum(counts)


def _count_by_memory(node: Resources) -> int:
    """Return how many jobs the memory of a node has room for, at least one, as on this machine."""
    return max(1, int(node["memory"] // JOB_MEMORY)) if "memory" in node else sys.maxsize


def describe_missing(nodes: Sequence[Resources], threads: int, gpus: int = 0) -> str:
    """Say why no node has room for a job, even if it had no other work; empty if one has.

    >>> describe_missing([{"CPU": 4}], threads=8)
    'no node of the Ray cluster has 8 cores for a job (4 cores at most)'
    """
    if count_jobs_that_fit(nodes, threads, gpus):
        return ""
    most = max((int(node.get("CPU", 0)) for node in nodes), default=0)
    if not most:
        return "the Ray cluster has no node that is up"
    return f"no node of the Ray cluster has {_needs(threads, gpus)} for a job ({_cores(most)} at most)"


def describe_busy(threads: int, gpus: int) -> str:
    """Say that no node has room for a job now, since other work takes it.

    >>> describe_busy(1, 1)
    'no node of the Ray cluster has 1 core and 1 GPU free for a job'
    """
    return f"no node of the Ray cluster has {_needs(threads, gpus)} free for a job"


def _needs(threads: int, gpus: int) -> str:
    return _cores(threads) + (f" and {gpus} GPU" if gpus else "")


def _cores(count: int) -> str:
    return f"{count} {'core' if count == 1 else 'cores'}"
