"""`chestnut ensemble`: one run of several, which gives the mean of their calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.framework import load_framework
from chestnut.cli.shared.output import JsonOption, bar, command_line, emit, out, table
from chestnut.cli.shared.result_tables import metrics_table

if TYPE_CHECKING:
    from chestnut.runs.folder import RunFolder


def command(
    members: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Two or more runs of one input and classes.")],
    name: Annotated[str | None, typer.Option("--name", help="The ensemble's name; else ensemble and a number.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="The folder that it stands in.")] = Path("runs"),
    json: JsonOption = None,
) -> None:
    """Make one run of several. Its network gives the mean of their calibrated probabilities.

    An image judges the ensemble only where it trained no member.
    """
    from chestnut.runs.folder import RunFolder, free_folder, require_free

    folder = runs / name if name else free_folder(runs, "ensemble")
    require_free(folder)
    given = [RunFolder.open(path) for path in members]
    load_framework()
    from chestnut.studies.ensemble import ensemble

    made = ensemble(given, folder, command=command_line(), bars=bar)
    judged = made.metrics("val") if "val" in made.evaluations() else None
    record = made.record
    if emit({"run": str(made.path), **record.to_dict(), "notes": made.facts["notes"], "validation": judged}, json):
        shown = table(str(made.path), ("member", "recipe", "seed", "temperature"), ("seed", "temperature"))
        for one in record.members:
            shown.add_row(one.run, one.recipe, str(one.seed), f"{one.temperature:g}")
        out.print(shown)
        if judged is not None:
            title = f"{judged['images']} validation images of {judged['patients']} patients"
            out.print(metrics_table(title, judged))
        if "test" in _splits(made):
            out.print(f"Next: chestnut evaluate {made.path} --split test", markup=False)
        else:
            out.print(f"Next: chestnut evaluate {made.path} OTHER", markup=False)


def _splits(run: RunFolder) -> tuple[str, ...]:
    from chestnut.data.manifest import Manifest

    return Manifest.read(run.manifest_file, run.facts).splits
