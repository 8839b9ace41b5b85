"""`chestnut guard`: learn what images of a run look like, so that others are noticed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, emit, out
from chestnut.cli.shared.tables import table
from chestnut.inference.guard.policy import FALSE_ALARMS

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.inference.guard.summary import GuardSummary


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    false_alarms: Annotated[
        float, typer.Option("--false-alarms", metavar="0..1", help="The share of usual images that may be flagged.")
    ] = FALSE_ALARMS,
    json: JsonOption = None,
) -> None:
    """Fit the guard of RUN, by which predict says of each image whether it is like those that RUN was trained on.

    Training fits one too. This command adds it to an older run, or changes the share of false alarms.
    """
    from chestnut.api.run import open_run

    opened = open_run(run)
    summary = opened.guard(false_alarms, display=TerminalDisplay())
    if emit({"run": str(run), **summary.to_dict()}, json):
        out.print(rehearsal_table(summary))
        out.print(f"This guard {summary}.", markup=False)
        print_next_for(opened.folder)


def rehearsal_table(summary: GuardSummary) -> Table:
    """Return how often a guard noticed each of some changes made on purpose."""
    images = summary.rehearsal[0].images if summary.rehearsal else 0
    made = table(f"{images} validation images, changed on purpose", ("change", "share flagged (95 % interval)"))
    for one in summary.rehearsal:
        made.add_row(one.change, str(one.flagged))
    return made
