"""`chestnut finetune`: train the top of a run's backbone further, at a low learning rate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.host_options import DevicesOption
from chestnut.cli.shared.output import JsonOption, command_line
from chestnut.cli.shared.recipe_options import SetOption
from chestnut.cli.shared.tracking_options import TrackOption
from chestnut.cli.training.train import print_run


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run of a backbone, such as mobilenet-v2.")],
    unfreeze: Annotated[
        float, typer.Option("--unfreeze", help="Share of the backbone's layers to train, from the top.")
    ] = 0.3,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="A low one keeps what was learned.")] = 1e-5,
    settings: SetOption = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Short for --set train.epochs=N.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The new run's name; by default RUN-finetuned.")] = None,
    devices: DevicesOption = 1,
    track: TrackOption = None,
    json: JsonOption = None,
) -> None:
    """Unfreeze the top of RUN's backbone and train it further, as a new run beside RUN, which is not changed.

    If no epoch is better on validation than RUN, the weights of RUN are kept.
    """
    from chestnut.api.run import open_run
    from chestnut.runs.places import named_folder

    start = open_run(run)
    changes = [*(settings or []), *([] if epochs is None else [f"train.epochs={epochs}"])]
    finer = start.finetune(
        unfreeze,
        learning_rate,
        settings=changes,
        path=None if name is None else named_folder(start.path.resolve().parent, name),
        devices=devices,
        track=track or (),
        display=TerminalDisplay(),
        command=command_line(),
    )
    print_run(finer, advise=False, json=json)
