"""Work on many images at once, in threads: decoders and digests release the interpreter's lock. Used by this room."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Items a piece of work: handing over one at a time costs a few per cent of a small image's decoding.
_BATCH = 8

#: Pieces under way or waiting, for each thread; bounds the memory that results take.
_AHEAD = 3


def core_count() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(function: Callable[[T], R], items: Sequence[T], workers: int | None = None) -> Iterator[R]:
    """Yield `function(item)` in the items' order, some batches ahead of what has been taken.

    Args:
        function: Called in threads; what it raises is raised here and ends the work.
        items: What it is called with.
        workers: Threads; None for one a core.
    """
    workers = workers or core_count()
    if workers == 1 or len(items) <= 1:
        yield from map(function, items)
        return

    def run(start: int) -> list[R]:
        return [function(item) for item in items[start : start + _BATCH]]

    starts = iter(range(0, len(items), _BATCH))
    with ThreadPoolExecutor(workers, thread_name_prefix="chestnut") as pool:
        waiting: deque[Future[list[R]]] = deque(_submitted(pool, run, islice(starts, workers * _AHEAD)))
        try:
            while waiting:
                done = waiting.popleft().result()
                waiting.extend(_submitted(pool, run, islice(starts, 1)))
                yield from done
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _submitted(pool: ThreadPoolExecutor, run: Callable[[int], list[R]], starts: Iterable[int]) -> list[Future[list[R]]]:
    return [pool.submit(run, start) for start in starts]
