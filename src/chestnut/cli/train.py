"""`chestnut train`: train a recipe on a data set, or go on with a stopped run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.framework import load_framework
from chestnut.cli.shared.host_options import (
    CoordinatorOption,
    DevicesOption,
    HostOption,
    HostsOption,
    hosts_of,
    own_folder,
)
from chestnut.cli.shared.output import JsonOption, bar, command_line, emit, out, say
from chestnut.cli.shared.result_tables import run_table
from chestnut.errors import DataError
from chestnut.runs.folder import RunFolder, require_free

if TYPE_CHECKING:
    from chestnut.training.tracking.observer import Tracker

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a recipe field, such as model.dropout=0.3. Repeatable."),
]

TrackOption = Annotated[
    list[str] | None,
    typer.Option(
        "--track", metavar="mlflow[:URI]|wandb", help="Keep the run there too, beside TensorBoard. Repeatable."
    ),
]

ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", help="Threads of one operation, which decide the last bits of the weights."),
]


@with_data_options
def command(
    data: OptionalData = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="A recipe's name, or the path of a TOML file; else cnn-small.")
    ] = None,
    settings: SetOption = None,
    name: Annotated[str | None, typer.Option("--name", help="The run's name; else the recipe and a number.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder that runs stand in.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="RUN", help="Go on with this run from its last finished epoch.")
    ] = None,
    audited: Annotated[bool, typer.Option("--audit/--no-audit", help="Audit the data first.")] = True,
    devices: DevicesOption = 1,
    threads: ThreadsOption = None,
    coordinator: CoordinatorOption = None,
    hosts: HostsOption = None,
    host: HostOption = None,
    track: TrackOption = None,
    advise: Annotated[bool, typer.Option("--advise", help="End with what the learning curves say.")] = False,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train a network on DATA and judge it on the validation images.

    Ctrl-C ends training cleanly, with the best epoch so far as a usable run.
    """
    from chestnut.cli.shared.live_training import LiveTable
    from chestnut.config import load_recipe
    from chestnut.runs.folder import free_folder

    if (data is None) == (resume is None):
        raise DataError("give DATA to train on, or --resume RUN to go on with a run; not both")
    if resume is not None and (recipe or settings or name or threads or options != DataOptions()):
        raise DataError(
            "--resume keeps the run's own settings; leave out --recipe, --set, --name, --threads and data options"
        )
    chosen = load_recipe(recipe or "cnn-small", settings or [])
    folder = resume or (runs / name if name else free_folder(runs, chosen.name))
    if resume is None and not host:
        require_free(folder)
    others = hosts_of(coordinator, hosts, host)
    trackers = () if host else _trackers(track, folder, resumed=resume is not None)
    load_framework()
    from chestnut.training.train import Setup, train
    from chestnut.training.train import resume as go_on

    with own_folder(folder, others, resumed=resume is not None) as own, LiveTable() as live:
        setup = Setup(own, options.skip_bad, audited, command_line(), bar, (live,), devices, others, trackers, threads)
        if data is None:
            run = go_on(setup)
        else:
            manifest = options.load(data)
            for note in manifest.notes:
                say(f"note: {note}")
            run = train(manifest, chosen, setup)
    if others is not None and others.index > 0:
        say(f"host {others.index} of {others.count} is done; host 0 writes the run")
        return
    _tell(run, advise, json)


def _trackers(track: list[str] | None, folder: Path, *, resumed: bool) -> tuple[Tracker, ...]:
    """What `--track` names; of a run that goes on without it, what it was tracked by before."""
    from chestnut.training.tracking.registry import open_trackers, reopen_trackers

    return reopen_trackers([], folder) if resumed and not track else open_trackers(track or [], folder.parent)


def _tell(run: RunFolder, advise: bool, json: Path | None) -> None:
    """Show how a run has ended, with what its learning curves say where that was asked for."""
    from chestnut.cli.shared.diagnosis_table import print_diagnosis
    from chestnut.diagnosis.diagnosis import diagnose

    if run.record.stopped:
        say(f"stopped by Ctrl-C; the best epoch so far is kept, and chestnut train --resume {run.path} goes on")
    found = diagnose(run) if advise else None
    told = {"run": str(run.path), **run.record.to_dict(), "validation": run.metrics("val")}
    if emit(told | ({"diagnosis": found.to_dict()} if found else {}), json):
        out.print(run_table(run))
        if found:
            print_diagnosis(run, found)
        out.print(f"Next: chestnut evaluate {run.path} --split test, then chestnut report {run.path}", markup=False)
