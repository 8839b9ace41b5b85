"""The commands, each of which is loaded when it is first asked for."""

from __future__ import annotations

import functools
import importlib
import keyword
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from chestnut.cli.examples import EXAMPLES
from chestnut.cli.shared.destinations import with_destinations
from chestnut.cli.shared.output import say
from chestnut.cli.shared.streams import ReaderLeftError
from chestnut.cli.shared.surroundings import require_memory

#: Commands in the order `--help` lists them, and the panel that lists each.
COMMANDS: Final = {
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
_FOLDERS: Final = {
    "Start here": "training",
    "Data": "data",
    "Training": "training",
    "Results": "results",
    "At work": "work",
}


class CommandGroup(TyperGroup):
    """`chestnut` itself, with all `COMMANDS`; its help shows no type for options that are either given or not."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = _Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, and load none."""
        return list(COMMANDS)

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


class _Command(TyperCommand):
    """A command whose help shows no type for options that are either given or not."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, `--help` included."""
        return _without_types(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run the command, if the process may have the memory that it needs."""
        require_memory(self.name or "")
        return super().invoke(ctx)


class _Commands(Mapping[str, Any]):
    """The commands by name; only the one that is looked up is loaded."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        return _load_command(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def find_command(name: str) -> Callable[..., None]:
    """Return the function of one of `COMMANDS`."""
    module = f"{name}_" if keyword.iskeyword(name) else name
    function: Callable[..., None] = importlib.import_module(f"chestnut.cli.{_FOLDERS[COMMANDS[name]]}.{module}").command
    return function


@functools.cache
def _load_command(name: str) -> Any:
    """Return a command as Typer runs it."""
    alone = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    register = alone.command(name=name, cls=_Command, rich_help_panel=COMMANDS[name], epilog=_epilog(name))
    register(with_destinations(find_command(name)))
    return typer.main.get_command(alone)


def _without_types(params: list[Any]) -> list[Any]:
    """Keep `<bool>` out of the help."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


def _epilog(name: str) -> str:
    """Return the examples that end the help of a command."""
    examples = EXAMPLES[name]
    heading = "Examples" if len(examples) > 1 else "Example"
    return "\n".join((f"{heading}:", *(f"  $ {escape(example)}" for example in examples)))
