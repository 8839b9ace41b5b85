"""A line on the terminal while a command starts, so that nobody wonders whether anything happens.

The line says which command starts, and then which framework is loaded; the first thing that the command writes takes
its place. Where standard error is no terminal, nothing is shown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any

from chestnut.cli.shared.streams import call_before_writing

#: What takes seconds to load, and what the line calls it.
FRAMEWORKS = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


@contextmanager
def show_first_sign(words: Sequence[str], commands: Collection[str]) -> Iterator[None]:
    """Show a line until the block writes something or ends.

    Args:
        words: The words after `chestnut`. Help and shell completion answer at once and need no line.
        commands: The names of all commands.
    """
    asks_help = {"-h", "--help"} & set(words) or any(name.endswith("_COMPLETE") for name in os.environ)
    if asks_help or not words or words[0] not in commands or not sys.stderr.isatty():
        yield
        return
    line = _Line()
    watch = _Watch(line)
    line.show(f"Starting chestnut {words[0]} …")
    call_before_writing(line.erase)
    sys.meta_path.insert(0, watch)
    try:
        yield
    finally:
        sys.meta_path.remove(watch)
        line.erase()


class _Line:
    """One line of the terminal, which can be replaced and erased.

    It has its own way to the terminal: standard error is closed for a while when a framework is loaded.
    """

    def __init__(self) -> None:
        self._terminal = os.dup(sys.stderr.fileno())
        self._width = 0

    def show(self, text: str) -> None:
        """Show a text in place of the one before."""
        self._write(f"\r{text}{' ' * (self._width - len(text))}")
        self._width = len(text)

    def replace(self, text: str) -> None:
        """Show a text, if the line is still there."""
        if self._width:
            self.show(text)

    def erase(self) -> None:
        """Leave the terminal as it was, for good."""
        if self._width:
            self._write(f"\r{' ' * self._width}\r")
            self._width = 0
            os.close(self._terminal)

    def _write(self, text: str) -> None:
        try:
            os.write(self._terminal, text.encode(sys.stderr.encoding, "replace"))
        except OSError:  # the terminal has gone; what the command does matters more
            self._width = 0


class _Watch(MetaPathFinder):
    """Names the framework that begins to load; finds nothing itself."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._backend_named = False

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        """Look at the name of a module that is about to be loaded."""
        if name in FRAMEWORKS and not self._backend_named:
            self._line.replace(f"Loading {FRAMEWORKS[name]} …")
            self._backend_named = name != "keras"  # TensorFlow loads JAX, too, where that is installed
