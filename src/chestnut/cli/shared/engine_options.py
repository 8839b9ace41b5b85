"""The options by which commands choose where their jobs run: on this machine, or on a Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from chestnut.jobs.engine_choice import EngineChoice

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
    typer.Option("--jobs", help="How many run side by side; else as cores and memory, or the cluster, allow."),
]


def chosen_engine(engine: str, address: str | None, jobs: int | None) -> EngineChoice:
    """What the user chose, checked; to be called before anything is read or written.

    Commands then open it around their jobs: `with choice.open(threads) as engine: …`.

    Raises:
        EngineError: Options that do not fit, or a cluster that cannot be reached.
        MissingExtraError: Ray is not installed.
    """
    from chestnut.jobs.engine_choice import EngineChoice

    choice = EngineChoice(engine, address, jobs)
    choice.check()
    return choice
