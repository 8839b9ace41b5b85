"""`chestnut train`: train a recipe on a data set, or go on with a stopped run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.data_options import DataOptions, with_data_options
from chestnut.cli.framework import load_framework
from chestnut.cli.output import JsonOption, bar, command_line, emit, out, say
from chestnut.cli.results import run_table
from chestnut.errors import DataError

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a recipe field, such as model.dropout=0.3. Repeatable."),
]


@with_data_options
def command(
    data: Annotated[Path | None, typer.Argument(metavar="DATA", help="Folder, CSV, .npz or glob of images.")] = None,
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
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train a network on DATA and judge it on the validation images.

    Ctrl-C ends training cleanly, with the best epoch so far as a usable run.
    """
    from chestnut.api import free_folder
    from chestnut.cli.live import LiveTable
    from chestnut.config import load_recipe
    from chestnut.runs import require_free

    if (data is None) == (resume is None):
        raise DataError("give DATA to train on, or --resume RUN to go on with a run; not both")
    if resume is not None and (recipe or settings or name or options != DataOptions()):
        raise DataError("--resume goes on with a run as it began; leave out --recipe, --set, --name and data options")
    chosen = load_recipe(recipe or "cnn-small", settings or [])
    folder = resume or (runs / name if name else free_folder(runs, chosen.name))
    if resume is None:
        require_free(folder)
    load_framework()
    from chestnut.training.train import Setup, train
    from chestnut.training.train import resume as go_on

    with LiveTable() as live:
        setup = Setup(folder, options.skip_bad, audited, command_line(), bar, (live,))
        if data is None:
            run = go_on(setup)
        else:
            manifest = options.load(data)
            for note in manifest.notes:
                say(f"note: {note}")
            run = train(manifest, chosen, setup)
    if run.environment["status"] == "stopped":
        say(f"stopped by Ctrl-C; the best epoch so far is kept, and chestnut train --resume {run.path} goes on")
    if emit({"run": str(run.path), **run.environment, "validation": run.metrics("val")}, json):
        out.print(run_table(run))
        out.print(f"Next: chestnut evaluate {run.path} --split test, then chestnut report {run.path}", markup=False)
