"""Printing for every command: the two consoles, notes, progress bars and `--json`.

Tables and JSON go to standard output; progress, log lines and the next step go to standard error. Rich honours
`NO_COLOR`, and writes no colours or cursor movements to a stream that is not a terminal.
"""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions
from rich.segment import Segment

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.option_names import name_options
from chestnut.cli.shared.pace import Pace
from chestnut.cli.shared.streams import terminal_size
from chestnut.names import printable

#: The width of tables in a pipe or file; the environment variable COLUMNS gives another.
_PIPE_WIDTH = 120

JsonOption = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Write the result as JSON; - for standard output."),
    Output(dash=True),
]


class _Console(Console):
    """A console that takes texts literally, and spells out characters that would steer the terminal."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Print texts and tables; see `Console.print`."""
        super().print(*(printable(item) if isinstance(item, str) else item for item in objects), **how)

    def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return the pieces of what is printed, such as the cells of a table."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(printable(piece.text), piece.style)


def _console(stderr: bool) -> _Console:
    stream, environment = sys.stderr if stderr else sys.stdout, terminal_size(os.environ)
    from_surroundings = (stream is not None and stream.isatty()) or "COLUMNS" in environment
    return _Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if from_surroundings else _PIPE_WIDTH,
        _environ=environment,
    )


out = _console(stderr=False)
err = _console(stderr=True)


def _widen(wide: bool) -> None:
    if wide:
        out.width = 10_000


WideOption = Annotated[
    bool, typer.Option("--wide", callback=_widen, help="Show every column of the table, however long its lines.")
]


def say(text: str) -> None:
    """Print a text to standard error: folded between words on a terminal, one line elsewhere; without markup."""
    err.print(text, markup=False, soft_wrap=not err.is_terminal)


def print_notes(notes: Iterable[str]) -> None:
    """Print the notes that belong to a table or figure, one a line; markup in them is taken literally."""
    for note in notes:
        out.print(f"· {name_options(note)}", markup=False)


def print_next(*words: object) -> None:
    """Print a command, quoted so that it can be pasted.

    It goes to standard error, so that a pipe carries the result alone.
    """
    err.print(f"Next: {shlex.join(map(str, words))}", markup=False, soft_wrap=True)


class _Lines(logging.Handler):
    """A handler that prints each log record as one line that begins with its level."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "note" if record.levelno < logging.WARNING else record.levelname.lower()
        say(f"{level}: {name_options(record.getMessage())}")


def log_to_stderr() -> None:
    """Print the log records of chestnut, and of no other library, to standard error."""
    logger = logging.getLogger("chestnut")
    logger.handlers = [_Lines()]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def emit(value: dict[str, Any], json: Path | None) -> bool:
    """Write a result as JSON if the user asked for it.

    Args:
        value: The result.
        json: The file of `--json`; `-` for standard output, None to write nothing.

    Returns:
        Whether the command prints its tables as well: it does not when standard output carries the JSON.
    """
    from chestnut.files.atomic import write_text
    from chestnut.files.json_files import encodable, json_text
    from chestnut.runs.places import require_outside_runs

    if json is None:
        return True
    if str(json) == "-":
        sys.stdout.write(encodable(json_text(value), sys.stdout.encoding))
        sys.stdout.flush()
        return False
    require_outside_runs(json, "--json")  # of a run, too, that this command has made
    write_text(json, json_text(value), follow=True)
    return True


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Draw a progress bar with its speed on standard error while the block runs; a line a minute without a terminal.

    Yields:
        A function that takes how much is done and how much there is in all.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("·"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[speed]}", style="dim"),
    )
    pace = Pace(label)
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(label, total=None, speed="")

        def update(done: int, total: int) -> None:
            pace.note(done)
            progress.update(task, completed=done, total=total, speed=pace.speed)
            if not err.is_terminal and (line := pace.line(done, total)):
                say(line)

        yield update


def human_bytes(count: float) -> str:
    """Return a size in bytes as people read it.

    >>> human_bytes(1_500_000)
    '1.5 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def command_line() -> str:
    """Return the command as the user typed it, for environment.json and the ledger."""
    return shlex.join(["chestnut", *sys.argv[1:]])
