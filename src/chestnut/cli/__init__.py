"""The command line, with one module for each command. No other room prints or exits.

The module of a command imports what it computes with inside its functions: `chestnut --help` loads no framework.
"""

from __future__ import annotations

import importlib
import keyword
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from chestnut.cli.examples import EXAMPLES
from chestnut.cli.shared.destinations import with_destinations
from chestnut.cli.shared.option_names import name_options
from chestnut.cli.shared.output import log_to_stderr, say
from chestnut.cli.shared.streams import ReaderLeftError, end_output, open_streams, terminal_size
from chestnut.cli.shared.surroundings import check_words, explain, faults, require_memory
from chestnut.errors import ChestnutError

#: Commands in the order `--help` lists them, and the panel that lists each.
COMMANDS = {
    "demo": "Start here",
    "phantom": "Data",
    "fetch": "Data",
    "info": "Data",
    "show": "Data",
    "audit": "Data",
    "split": "Data",
    "augment": "Data",
    "cache": "Data",
    "study": "Data",
    "recipes": "Training",
    "train": "Training",
    "finetune": "Training",
    "compare": "Training",
    "control": "Training",
    "crossval": "Training",
    "tune": "Training",
    "ensemble": "Training",
    "diagnose": "Training",
    "runs": "Training",
    "evaluate": "Results",
    "calibrate": "Results",
    "threshold": "Results",
    "test": "Results",
    "exchange": "Results",
    "stress": "Results",
    "predict": "Results",
    "explain": "Results",
    "errors": "Results",
    "embed": "Results",
    "activations": "Results",
    "guard": "Results",
    "report": "Results",
    "tables": "Results",
    "card": "Results",
    "plan": "Results",
    "import": "At work",
    "export": "At work",
    "serve": "At work",
    "listen": "At work",
}

#: The sub-package with the modules of a panel's commands, each with a function `command`.
_FOLDERS = {"Start here": "training", "Data": "data", "Training": "training", "Results": "results", "At work": "work"}

#: The longest word, such as a path, that an error message repeats.
_LONGEST = 1000


class _Command(TyperCommand):
    """A command whose help shows no type for options that are either given or not."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, `--help` included."""
        return _without_types(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run the command, if the process may have the memory that it needs."""
        require_memory(self.name or "")
        return super().invoke(ctx)


class _Group(TyperGroup):
    """`chestnut` itself; its help shows no type for options that are either given or not."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options that stand before a command."""
        return _without_types(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C and a closed pipe end it here, since Typer ends them without a word or as a failure."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("stopped")
            raise typer.Exit(130) from None
        except BrokenPipeError as error:
            raise ReaderLeftError from error


def _without_types(params: list[Any]) -> list[Any]:
    """Keep `<bool>` out of the help."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


app = typer.Typer(
    name="chestnut",
    cls=_Group,
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


def _epilog(name: str) -> str:
    """Return the examples that end the help of a command."""
    examples = EXAMPLES[name]
    heading = "Examples" if len(examples) > 1 else "Example"
    return "\n".join((f"{heading}:", *(f"  $ {escape(example)}" for example in examples)))


def find_command(name: str) -> Callable[..., None]:
    """Return the function of one of `COMMANDS`."""
    module = f"{name}_" if keyword.iskeyword(name) else name
    function: Callable[..., None] = importlib.import_module(f"chestnut.cli.{_FOLDERS[COMMANDS[name]]}.{module}").command
    return function


for _name, _panel in COMMANDS.items():
    _register = app.command(name=_name, cls=_Command, rich_help_panel=_panel, epilog=_epilog(_name))
    _register(with_destinations(find_command(_name)))


def main() -> None:
    """Run the command line; errors that chestnut raises on purpose become one line and exit status 2."""
    try:
        for name in set(os.environ) - set(terminal_size(os.environ)):
            del os.environ[name]
        open_streams()
        check_words(sys.argv[1:])
        try:
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
