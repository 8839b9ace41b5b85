"""`chestnut finetune`: train the top of a run's backbone on, at a low rate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.framework import load_framework
from chestnut.cli.shared.host_options import DevicesOption
from chestnut.cli.shared.output import JsonOption, bar, command_line, emit, out
from chestnut.cli.shared.result_tables import run_table
from chestnut.cli.train import SetOption, TrackOption


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run of a backbone, such as mobilenet-v2.")],
    unfreeze: Annotated[
        float, typer.Option("--unfreeze", help="Share of the backbone's layers to train, from the top.")
    ] = 0.3,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="A low one keeps what was learned.")] = 1e-5,
    settings: SetOption = None,
    name: Annotated[str | None, typer.Option("--name", help="The new run's name; else RUN-finetuned.")] = None,
    devices: DevicesOption = 1,
    track: TrackOption = None,
    json: JsonOption = None,
) -> None:
    """Unfreeze the top of RUN's backbone and train on. The new run stands beside RUN, which stays as it is.

    Where no epoch is better on validation than RUN, its weights are kept.
    """
    from chestnut.cli.shared.live_training import LiveTable
    from chestnut.runs.folder import RunFolder, free_folder, require_free

    start = RunFolder.open(run)
    beside = start.path.resolve().parent
    folder = beside / name if name else free_folder(beside, f"{start.name}-finetuned")
    require_free(folder)
    from chestnut.training.tracking.registry import open_trackers

    trackers = open_trackers(track or [], beside)
    load_framework()
    from chestnut.training.finetune import finetune
    from chestnut.training.train import Setup

    with LiveTable() as live:
        setup = Setup(folder, command=command_line(), bars=bar, observers=(live,), devices=devices, trackers=trackers)
        finer = finetune(start, setup, unfreeze=unfreeze, learning_rate=learning_rate, settings=settings or [])
    if emit({"run": str(finer.path), **finer.record.to_dict(), "validation": finer.metrics("val")}, json):
        out.print(run_table(finer))
        out.print(f"Next: chestnut evaluate {finer.path} --split test", markup=False)
