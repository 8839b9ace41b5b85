"""The options that say where jobs run: on this machine, or on a Ray cluster."""

from __future__ import annotations

from typing import Annotated

import typer

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
