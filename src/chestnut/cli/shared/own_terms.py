"""What is continued with `--resume` keeps its own terms: none of them may be given again."""

from __future__ import annotations

import typer

from chestnut.errors import DataError

#: The parameters that say where runs are trained and how a result is shown, not what is trained.
_FREE = {"resume", "runs", "track", "engine", "address", "jobs", "wait", "wide", "json"}


def refuse_terms(context: typer.Context, what: str, *besides: str) -> None:
    """Check that a command which continues something is given none of its terms.

    Args:
        context: The call of the command.
        what: What is continued, as in `a comparison`.
        besides: The names of further parameters that hold for a continuation.

    Raises:
        DataError: Terms are given; the message names them.
    """
    given = [
        "DATA" if one.param_type_name == "argument" else one.opts[0]
        for one in context.command.params
        if one.name not in {*_FREE, *besides} and _is_given(context, one.name)
    ]
    if given:
        raise DataError(f"--resume continues {what} with its own terms; leave out {', '.join(given)}")


def _is_given(context: typer.Context, name: str | None) -> bool:
    """Tell whether the user wrote a parameter, be it with the value that it has by default."""
    source = context.get_parameter_source(name or "")
    return source is not None and source.name == "COMMANDLINE"
