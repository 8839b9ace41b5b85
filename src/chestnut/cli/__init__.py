"""The command line: one file a command. Only this room prints or exits.

A command's file imports what it computes with inside its function, so that `chestnut --help` loads no framework.
"""

from __future__ import annotations

import importlib
import sys
from typing import Annotated

import typer

from chestnut.cli.shared.output import log_to_stderr, say
from chestnut.errors import ChestnutError

#: Commands in the order `--help` lists them; each is a module here with a function `command`.
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
    "recipes": "Training",
    "train": "Training",
    "finetune": "Training",
    "compare": "Training",
    "crossval": "Training",
    "tune": "Training",
    "ensemble": "Training",
    "diagnose": "Training",
    "runs": "Training",
    "evaluate": "Results",
    "stress": "Results",
    "predict": "Results",
    "report": "Results",
}

app = typer.Typer(
    name="chestnut",
    help="Turns a folder of chest X-rays into a classifier its user can believe. Not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"chestnut {version('chestnut')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that stand before a command."""
    log_to_stderr()


for _name, _panel in COMMANDS.items():
    _module = importlib.import_module(f"chestnut.cli.{_name}")
    app.command(name=_name, rich_help_panel=_panel)(_module.command)


def main() -> None:
    """Run the command line; errors that chestnut raises on purpose become one line and exit status 2."""
    try:
        app(prog_name="chestnut")
    except ChestnutError as error:
        say(f"error: {' '.join(str(error).split())}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        sys.stderr.close()
        sys.exit(0)
