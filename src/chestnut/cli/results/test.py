"""`chestnut test`: compare two runs on the images that both have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_next, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.studies.paired_runs import RunComparison


def command(
    first: Annotated[Path, typer.Argument(metavar="RUN_A", help="The folder of a run.")],
    second: Annotated[Path, typer.Argument(metavar="RUN_B", help="The folder of another run.")],
    split: Annotated[str, typer.Option("--split", help="test or val.")] = "test",
    metric: Annotated[
        str, typer.Option("--metric", metavar="NAME,…", help="What to compare them by.")
    ] = "auroc,sensitivity,specificity,accuracy",
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            metavar="0..1",
            help="How far RUN_A may be behind and still count as not inferior, such as 0.02.",
        ),
    ] = None,
    *,
    json: JsonOption = None,
) -> None:
    """Compare RUN_A and RUN_B patient by patient, on the images of a split that both have.

    A look at test images is entered into the ledgers of both.
    """
    from chestnut.api.paired import compare_runs

    metrics = [name for name in (part.strip() for part in metric.split(",")) if name]
    found = compare_runs(
        first, second, split, metrics=metrics, margin=margin, display=TerminalDisplay(), command=command_line()
    )
    if emit(found.to_dict(), json):
        out.print(_table(found))
        print_notes((*found.sentences, *_count(found), *found.notes))
        print_next("chestnut", "report", first)


def _table(found: RunComparison) -> Table:
    from chestnut.evaluation.intervals.estimate import format_p
    from chestnut.evaluation.metric_names import heading

    kind = "test" if found.split == "test" else "validation"
    columns = (*found.names, "first ahead by", "p")
    made = table(f"{found.images:,} {kind} images of {found.patients:,} patients", ("", *columns), columns)
    for one in found.verdicts:
        p = "–" if one.difference.p is None else format_p(one.difference.p).removeprefix("= ")
        made.add_row(heading(one.metric), str(one.first), str(one.second), str(one.difference.estimate), p)
    return made


def _count(found: RunComparison) -> list[str]:
    """Say which images are left out."""
    return [
        f"{count:,} images of {name} are not among those of the other run in this split, and are left out."
        for count, name in zip(found.left_out, found.names, strict=True)
        if count
    ]
