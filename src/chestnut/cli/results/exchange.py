"""`chestnut exchange`: see how much of a run's AUROC is due to how the images of each class were taken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.decided import print_decided
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_next, print_notes
from chestnut.limits import MOST_SEED


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    draws: Annotated[
        int, typer.Option("--draws", min=1, help="The number of donors of each kind for every image.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="The seed of the donors.")] = 0,
    *,
    json: JsonOption = None,
) -> None:
    """Judge RUN on its validation images after each took over framing, grey values and fine detail of another class.

    The same exchange within a class is the control: the difference is what the class's framing and scanner give away.
    """
    from chestnut.api.run import open_run
    from chestnut.cli.tables.stress_tables import exchange_notes, exchange_table

    subject = open_run(run)
    found = subject.exchange(draws=draws, seed=seed, display=TerminalDisplay(), command=command_line())
    if emit({"run": str(run), **found.to_dict()}, json):
        out.print(exchange_table(found, str(run)))
        print_notes(exchange_notes(found))
        print_decided(subject.folder)
        print_next("chestnut", "report", run)
