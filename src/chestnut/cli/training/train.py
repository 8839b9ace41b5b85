"""`chestnut train`: train a recipe on a data set, or continue a training that was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, OptionalData, with_data_options
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.host_options import CoordinatorOption, DevicesOption, HostOption, HostsOption, read_hosts
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_notes, say
from chestnut.cli.shared.own_terms import refuse_terms
from chestnut.cli.shared.recipe_options import RecipeOption, SetOption, ShortForms, with_short_forms
from chestnut.cli.shared.tracking_options import TrackOption
from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.api.options import TrainOptions
    from chestnut.api.run import Run


@with_data_options
@with_short_forms
def command(
    context: typer.Context,
    data: OptionalData = None,
    recipe: RecipeOption = None,
    settings: SetOption = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Short for --set train.epochs=N.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The run's name; by default the recipe and a number.")
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder for the runs.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="RUN", help="Continue this run from its last finished epoch.")
    ] = None,
    audited: Annotated[bool, typer.Option("--audit/--no-audit", help="Audit the data first.")] = True,
    devices: DevicesOption = 1,
    threads: Annotated[
        int | None,
        typer.Option("--threads", help="Threads of one operation, which decide the last bits of the weights."),
    ] = None,
    coordinator: CoordinatorOption = None,
    hosts: HostsOption = None,
    host: HostOption = None,
    track: TrackOption = None,
    advise: Annotated[bool, typer.Option("--advise", help="End with what the learning curves say.")] = False,
    *,
    short: ShortForms,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Train a network on DATA and evaluate it on the validation images.

    Ctrl-C ends training cleanly, with the best epoch so far as a usable run.
    """
    from chestnut.api.training import resume_run, train
    from chestnut.runs.places import named_folder

    changes = short.settings(settings, train__epochs=epochs)
    others = read_hosts(coordinator, hosts, host)
    how: TrainOptions = {
        "devices": devices,
        "hosts": others,
        "track": track or (),
        "display": TerminalDisplay(),
        "command": command_line(),
    }
    if resume is not None:
        refuse_terms(context, "a run", "audited", "devices", "coordinator", "hosts", "host", "advise")
        run = resume_run(resume, **how)
    elif data is None:
        raise DataError("give DATA to train on, or --resume RUN to continue a run")
    else:
        how |= {"runs": runs, "skip_bad": options.skip_bad, "threads": threads}
        path = None if name is None else named_folder(runs, name)
        run = train(options.reader(data), recipe or "cnn-small", settings=changes, path=path, audited=audited, **how)
    if others is not None and others.index > 0:
        say(f"host {others.index} of {others.count} has finished; host 0 writes the run")
        return
    print_run(run, advise, json)


def print_run(run: Run, advise: bool, json: Path | None) -> None:
    """Print how a training ended, with what its learning curves say if that was asked for."""
    from chestnut.cli.tables.diagnosis_table import print_diagnosis
    from chestnut.cli.tables.result_tables import run_table

    folder = run.folder
    if folder.record.stopped:
        say(f"stopped by Ctrl-C; the best epoch so far is kept; continue with chestnut train --resume {run.path}")
    found = run.diagnose() if advise else None
    validation = folder.metrics("val")
    result = {"run": str(run.path), **folder.record.to_dict(), "validation": validation}
    if emit(result | ({"diagnosis": found.to_dict()} if found else {}), json):
        out.print(run_table(folder))
        print_notes(validation["notes"])
        if found:
            print_diagnosis(folder, found)
        print_next_for(folder)
