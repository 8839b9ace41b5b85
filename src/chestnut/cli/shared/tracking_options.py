"""The option by which commands choose where else a run is kept."""

from __future__ import annotations

from typing import Annotated

import typer

TrackOption = Annotated[
    list[str] | None,
    typer.Option(
        "--track", metavar="mlflow[:URI]|wandb", help="Keep the run there too, beside TensorBoard. Repeatable."
    ),
]
