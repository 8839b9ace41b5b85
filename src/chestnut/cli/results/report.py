"""`chestnut report`: write a run's report as one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, emit, out
from chestnut.cli.tables.checklist_table import print_checklist


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it; by default report.html in RUN."),
        Output(own="report.html"),
    ] = None,
    identities: Annotated[
        bool,
        typer.Option("--identities", help="Show the names of images, patients and folders, not numbers."),
    ] = False,
    study: Annotated[
        Path | None,
        typer.Option("--study", metavar="TOML", help="A study.toml that describes the study; RUN keeps a copy."),
    ] = None,
    checklist: Annotated[
        str | None,
        typer.Option(
            "--checklist", metavar="NAME", help="Print claim or tripod instead, and write it to --out as Markdown."
        ),
    ] = None,
    json: JsonOption = None,
) -> None:
    """Write RUN's report: data, audit, recipe, curves, metrics with intervals, figures, ledger, environment."""
    from chestnut.api.run import open_run

    subject = open_run(run)
    if study is not None:
        subject.describe(study)
    if checklist is not None:
        found = subject.checklist(checklist, to=output)
        if emit(found.to_dict(), json):
            print_checklist(found)
        return
    path = subject.report(output, identities=identities)
    if emit({"run": str(run), "report": str(path)}, json):
        out.print(str(path), markup=False, soft_wrap=True)
        print_next_for(subject.folder, reported=True)
