"""`Interrupt`: Ctrl-C while a network trains, heard at the end of a batch.

Python raises KeyboardInterrupt wherever the program happens to be. Raised inside a library's callback it may be
swallowed, and inside the writing of a file it may leave half of one. So while training lasts, the first Ctrl-C is only
noted, and the loop ends at the next batch; a second one interrupts at once. Called by `loop`.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

from chestnut.config import Recipe


class Interrupt:
    """Notes Ctrl-C while its block lasts, and raises KeyboardInterrupt when it is told, as an observer, of a batch.

    A handler of someone else's, a signal that is ignored, and threads other than the main one, to which Python gives no
    signals, are left as they are.
    """

    def __init__(self) -> None:
        self._asked = False
        self._installed = False

    def __enter__(self) -> Self:
        """Begin to note."""
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(self, *fault: object) -> None:
        """Give the signal back."""
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Nothing to do."""

    def batch(self, done: int) -> None:
        """A batch has ended: a good moment to stop."""
        if self._asked:
            raise KeyboardInterrupt

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        """Nothing to do: the epoch has been saved, and the next batch is soon over."""

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
