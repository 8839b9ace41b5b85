"""`Interrupt`: handle Ctrl-C during training at the end of a batch.

Python raises KeyboardInterrupt wherever the program happens to be. Inside a library's callback it may be swallowed, and
while a file is being written it may leave an incomplete one. So during training, the first Ctrl-C is only recorded, and
the loop ends after the current batch. A second Ctrl-C interrupts at once.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

from chestnut.config import Recipe


class Interrupt:
    """An observer, used as a context manager, that records Ctrl-C and raises KeyboardInterrupt at the end of a batch.

    It does nothing if the signal has another handler or is ignored, or in a thread other than the main one, which gets
    no signals.
    """

    def __init__(self) -> None:
        self._requested = False
        self._installed = False

    def __enter__(self) -> Self:
        """Install the handler."""
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._record)
            self._installed = True
        return self

    def __exit__(self, *fault: object) -> None:
        """Restore the default handler."""
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Do nothing."""

    def batch(self, done: int) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._requested:
            raise KeyboardInterrupt

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        """Do nothing, since the epoch has been saved and the next batch ends soon."""

    def _record(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
