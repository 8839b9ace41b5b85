"""The interface by which long work reports its progress, independent of how the progress is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

#: A function that receives (items done, items in total).
Tick = Callable[[int, int], None]

#: A function that takes a label and returns a context manager, which shows a progress bar and gives the block a `Tick`.
Bars = Callable[[str], AbstractContextManager[Tick]]


@contextmanager
def silent(label: str) -> Iterator[Tick]:
    """Accept progress and show nothing."""
    yield lambda done, total: None
