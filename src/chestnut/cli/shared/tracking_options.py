"""The option that names trackers, which record a run beside its folder."""

from __future__ import annotations

from typing import Annotated

import typer

TrackOption = Annotated[
    list[str] | None,
    typer.Option(
        "--track", metavar="mlflow[:URI]|wandb", help="Record the run there as well as for TensorBoard. Repeatable."
    ),
]
