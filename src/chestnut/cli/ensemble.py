"""`chestnut ensemble`: one run made of several, which gives the mean of their calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_notes
from chestnut.cli.shared.tables import table


def command(
    members: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Two or more runs of one input and classes.")],
    name: Annotated[str | None, typer.Option("--name", help="The name; by default ensemble and a number.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder for the ensemble.")] = Path("runs"),
    json: JsonOption = None,
) -> None:
    """Make one run of several. Its network gives the mean of their calibrated probabilities.

    The ensemble is judged only on images that trained none of its members.
    """
    from chestnut.api.training import ensemble
    from chestnut.cli.shared.result_tables import metrics_table
    from chestnut.runs.places import named_folder

    path = None if name is None else named_folder(runs, name)
    run = ensemble(members, path=path, parent=runs, display=TerminalDisplay(), command=command_line()).folder
    judged = run.metrics("val") if "val" in run.evaluations() else None
    record = run.record
    result = {"run": str(run.path), **record.to_dict(), "notes": run.facts["notes"], "validation": judged}
    if emit(result, json):
        shown = table(str(run.path), ("member", "recipe", "seed", "temperature"), ("seed", "temperature"))
        for one in record.members:
            shown.add_row(one.run, one.recipe, str(one.seed), f"{one.temperature:g}")
        out.print(shown)
        if judged is not None:
            title = f"{judged['images']} validation images of {judged['patients']} patients"
            out.print(metrics_table(title, judged))
            print_notes(judged["notes"])
        print_next_for(run)
