"""How long work tells of its progress, without knowing who listens. Called by every room; calls nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

#: Called with (done, total).
Tick = Callable[[int, int], None]

#: Opens a bar under a label while a block runs; the block is given its `Tick`.
Bars = Callable[[str], AbstractContextManager[Tick]]


@contextmanager
def silent(label: str) -> Iterator[Tick]:
    """A bar that nobody sees."""
    yield lambda done, total: None
