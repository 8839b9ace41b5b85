"""Standard input, output and error: always open, never failing on a letter, with faults that end in one line.

What goes to standard output is the result: if it cannot be written, the command fails. What goes to standard error is
said in passing: if it cannot be written, the work goes on without it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping

from chestnut.errors import DiskError

#: The least and greatest width and height of a terminal that are believed.
_SIZES = {"COLUMNS": (20, 10_000), "LINES": (2, 10_000)}


class ReaderLeftError(Exception):
    """The reader of our output, such as `head`, has seen enough and closed its pipe, which is no fault."""


class _Announced(io.TextIOWrapper):
    """A stream that calls a function before a text is written."""

    before_writing: Callable[[], None] | None = None

    def write(self, text: str) -> int:
        """Write a text."""
        if self.before_writing is not None and text:
            self.before_writing()
        return super().write(text)


class _Output(_Announced):
    """Standard output, whose faults are errors of chestnut."""

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            return super().write(text)
        except BrokenPipeError as error:
            raise ReaderLeftError from error
        except OSError as error:
            raise _lost(error) from error

    def flush(self) -> None:
        """Hand what was written to the system."""
        try:
            super().flush()
        except BrokenPipeError as error:
            raise ReaderLeftError from error
        except OSError as error:
            raise _lost(error) from error


class _Messages(_Announced):
    """Standard error, which takes what can be written and forgets the rest."""

    def write(self, text: str) -> int:
        """Write a text, if that is possible."""
        try:
            return super().write(text)
        except OSError:
            return self._forget(len(text))

    def flush(self) -> None:
        """Hand what was written to the system, if that is possible."""
        try:
            super().flush()
        except OSError:
            self._forget(0)

    def _forget(self, count: int) -> int:
        discard(self.fileno())
        return count


def open_streams() -> None:
    """Make the three standard streams usable, whatever the process was started with.

    A stream that is closed leads nowhere from now on: else the next file that is opened would take its number, and
    receive what libraries print. Letters that the encoding of a stream lacks are replaced.

    Raises:
        DiskError: Standard output is closed.
    """
    for number in range(3):
        _occupy(number)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        raise DiskError("standard output is closed, and the result goes there; redirect it, as in > /dev/null")
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _rewrap(_Output, sys.stdout, "replace")
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _rewrap(_Messages, sys.stderr, "replace")


def call_before_writing(function: Callable[[], None]) -> None:
    """Have a function called before anything is written to standard output or standard error.

    Only streams that `open_streams` opened do so.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Announced):
            stream.before_writing = function


def discard(descriptor: int) -> None:
    """Let a stream lead nowhere, so that what is left to write is no fault when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def end_output() -> None:
    """Let standard output lead nowhere, after a fault; does nothing where it is not a stream of this process."""
    if isinstance(sys.stdout, _Output):
        discard(sys.stdout.fileno())


def terminal_size(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an environment, without a `COLUMNS` or `LINES` that no terminal has.

    >>> terminal_size({"COLUMNS": "0", "LINES": "40", "TERM": "xterm"})
    {'LINES': '40', 'TERM': 'xterm'}
    """
    return {
        name: value for name, value in environment.items() if name not in _SIZES or _is_within(value, *_SIZES[name])
    }


def _is_within(text: str, least: int, most: int) -> bool:
    return text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most


def _occupy(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _rewrap(kind: type[_Announced], stream: io.TextIOWrapper, errors: str) -> io.TextIOWrapper:
    """Return a stream of another kind around the same buffer."""
    return kind(
        stream.buffer,
        encoding=stream.encoding,
        errors=errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _lost(error: OSError) -> DiskError:
    reason = (error.strerror or str(error)).lower()
    return DiskError(f"cannot write to standard output: {reason}; make room there, or redirect it to a file")
