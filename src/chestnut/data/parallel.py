"""Work on many images at once, in threads. Decoders and hash functions release Python's global lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from chestnut.processors import core_count

T = TypeVar("T")
R = TypeVar("R")

#: Items per task: a task for each item would cost a few per cent of the time that decoding a small image takes.
_BATCH = 8

#: Tasks that run or wait, per thread; this bounds the memory for results.
_AHEAD = 3


def in_order(function: Callable[[T], R], items: Sequence[T], workers: int | None = None) -> Iterator[R]:
    """Yield `function(item)` in the order of the items; threads work some batches ahead of the caller.

    Args:
        function: The function, called in threads. An exception that it raises is raised here and ends the work.
        items: The items to call it with.
        workers: The number of threads; None for one per core.
    """
    workers = workers or core_count()
    if workers == 1 or len(items) <= 1:
        yield from map(function, items)
        return

    def run(start: int) -> list[R]:
        return [function(item) for item in items[start : start + _BATCH]]

    starts = iter(range(0, len(items), _BATCH))
    with ThreadPoolExecutor(workers, thread_name_prefix="chestnut") as pool:
        waiting: deque[Future[list[R]]] = deque(_submit(pool, run, islice(starts, workers * _AHEAD)))
        try:
            while waiting:
                done = waiting.popleft().result()
                waiting.extend(_submit(pool, run, islice(starts, 1)))
                yield from done
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _submit(pool: ThreadPoolExecutor, run: Callable[[int], list[R]], starts: Iterable[int]) -> list[Future[list[R]]]:
    return [pool.submit(run, start) for start in starts]
