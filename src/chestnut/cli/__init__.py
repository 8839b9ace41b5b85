"""The command line, with one module for each command. No other room prints or exits.

The module of a command is loaded when the command is called or asked for its help, and imports what it computes with
inside its functions: `chestnut --help` loads no framework.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from chestnut.cli.first_sign import show_first_sign
from chestnut.cli.group import COMMANDS, CommandGroup, find_command
from chestnut.cli.shared.option_names import name_options
from chestnut.cli.shared.output import log_to_stderr, say
from chestnut.cli.shared.streams import ReaderLeftError, end_output, open_streams, terminal_size
from chestnut.cli.shared.surroundings import check_words, explain, faults
from chestnut.errors import ChestnutError

__all__ = ["COMMANDS", "app", "find_command", "main"]

#: The longest word, such as a path, that an error message repeats.
_LONGEST = 1000


app = typer.Typer(
    name="chestnut",
    cls=CommandGroup,
    help="Turns a folder of chest X-rays into a classifier its user can believe. Not a medical device.",
    epilog="Start with: chestnut demo. Each command explains itself: chestnut train -h.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"chestnut {version('chestnut')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Prepare what all commands share."""
    log_to_stderr()


def main() -> None:
    """Run the command line; errors that chestnut raises on purpose become one line and exit status 2."""
    try:
        for name in set(os.environ) - set(terminal_size(os.environ)):
            del os.environ[name]
        open_streams()
        check_words(sys.argv[1:])
        try:
            with show_first_sign(sys.argv[1:], COMMANDS):
                app(prog_name="chestnut")
        finally:
            sys.stdout.flush()
    except ReaderLeftError:
        end_output()
        sys.exit(0)
    except ChestnutError as error:
        _fail(name_options(str(error)))
    except faults() as error:
        text = explain(error)
        if text is None:
            raise
        _fail(text)


def _fail(text: str) -> NoReturn:
    """Print an error as one line, and end with exit status 2."""
    end_output()
    say(f"error: {' '.join(word if len(word) <= _LONGEST else f'{word[:100]}…' for word in text.split())}")
    sys.exit(2)
