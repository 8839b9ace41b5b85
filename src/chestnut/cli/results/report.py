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
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="The folder of a run; with --pdf also of a study, or a page of chestnut's."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it; by default report.html in RUN."),
        Output(own="report.html"),
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", metavar="FILE", help="Write it as a PDF too, for which the extra pdf is needed."),
        Output(own="report.pdf"),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option("--figures", metavar="FOLDER", help="Draw the figures anew as files too, in a new folder."),
        Output(folder=True),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="The format of --figures: svg, pdf or png.")
    ] = "svg",
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
    from chestnut.errors import DataError
    from chestnut.report.pdf import write_pdf
    from chestnut.runs.folder import RunFolder

    if checklist is not None and (pdf is not None or figures is not None):
        option = "--pdf" if pdf is not None else "--figures"
        raise DataError(
            f"--checklist prints a checklist instead of the report, so it cannot be given with {option}; leave one out"
        )
    if pdf is not None and not RunFolder(run).environment_file.is_file():
        write_pdf(run, pdf)
        if emit({"run": str(run), "report": None, "pdf": str(pdf), "figures": []}, json):
            out.print(str(pdf), markup=False, soft_wrap=True)
        return
    subject = open_run(run)
    if study is not None:
        subject.describe(study)
    if checklist is not None:
        found = subject.checklist(checklist, to=output)
        if emit(found.to_dict(), json):
            print_checklist(found)
        return
    drawn = () if figures is None else subject.write_figures(figures, form)
    path = subject.report(output, identities=identities)
    if pdf is not None:
        write_pdf(path, pdf)
    made = {"run": str(run), "report": str(path), "pdf": None if pdf is None else str(pdf)}
    if emit(made | {"figures": [str(file) for file in drawn]}, json):
        out.print("\n".join(map(str, filter(None, (path, pdf, *drawn)))), markup=False, soft_wrap=True)
        print_next_for(subject.folder, reported=True)
