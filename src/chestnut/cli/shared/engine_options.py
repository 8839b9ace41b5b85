"""The options that say where jobs run: on this machine, or on a Ray cluster."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from chestnut.errors import EngineError

EngineOption = Annotated[
    str, typer.Option("--engine", metavar="local|ray", help="Where jobs run: on this machine, or on a Ray cluster.")
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="ray://HOST:PORT",
        help="The Ray cluster; without it --engine ray starts one on this machine.",
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs", help="How many run at a time; by default as many as cores and memory, or the cluster, allow."
    ),
]
WaitOption = Annotated[
    str,
    typer.Option(
        "--wait",
        metavar="DURATION",
        help="How long to wait for a Ray cluster that is silent or full: seconds, or 90s, 5m or 2h.",
    ),
]

#: The value of `--wait` unless it is given.
DEFAULT_WAIT = "60s"

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """Return a duration in seconds.

    Raises:
        EngineError: It is not a number of seconds, minutes or hours.

    >>> parse_duration("90"), parse_duration("1.5m"), parse_duration("2h")
    (90.0, 90.0, 7200.0)
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh]?)", text.strip(), re.ASCII)
    if match is None:
        raise EngineError(f"--wait {text[:40]}: give a number of seconds, or a duration such as 90s, 5m or 2h")
    return float(match[1]) * _UNITS[match[2]]
