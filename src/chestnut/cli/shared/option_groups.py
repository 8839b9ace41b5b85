"""Give a command a group of options that it shares with others, as one object."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any


def with_group(
    parameter: str, kind: type, options: Mapping[str, Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds options to a command, which takes them together in one parameter.

    The options come after the command's own and before its last one, `--json`.

    Args:
        parameter: The parameter of the command that takes the group.
        kind: The class of the group; its attributes have the names of `options`, and the defaults.
        options: Name and annotated type of each option.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [one for name, one in signature.parameters.items() if name != parameter]
        shared = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=getattr(kind, name), annotation=option)
            for name, option in options.items()
        ]

        @functools.wraps(command)
        def call(**given: Any) -> None:
            group = kind(**{name: given.pop(name) for name in options})
            command(**given, **{parameter: group})

        ordered = [*own[:-1], *shared, own[-1]]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in ordered]
        call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {one.name: one.annotation for one in parameters}
        return call

    return decorate
