"""`chestnut calibrate`: fit the temperature of a run to its validation images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_notes
from chestnut.cli.shared.tables import table


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")], *, json: JsonOption = None
) -> None:
    """Fit the temperature that makes the probabilities of RUN agree with observed shares, as training does.

    Use it on a run that an older chestnut made. No decision changes. The bundle also gets what `--coverage` needs.
    """
    from chestnut.api.run import open_run
    from chestnut.cli.shared.next_steps import print_next_for
    from chestnut.inference.run_bundle import read_run_bundle
    from chestnut.inference.thresholds import made_at_another_temperature

    subject = open_run(run)
    found = subject.calibrate(display=TerminalDisplay(), command=command_line())
    bundle = read_run_bundle(subject.folder)
    older = made_at_another_temperature(subject.folder, bundle)
    threshold = None if bundle.positive is None else bundle.threshold
    if emit({"run": str(run), **found.to_dict(), "threshold": threshold, "older_evaluations": older}, json):
        title = f"{run}: {found.images:,} validation images of {found.patients:,} patients"
        made = table(title, ("", "at temperature 1", "calibrated"), ("at temperature 1", "calibrated"))
        for name, before, after in (
            ("loss", found.loss_before, found.loss_after),
            ("calibration error", found.error_before, found.error_after),
        ):
            made.add_row(name, f"{before:.4f}", "–" if after is None else f"{after:.4f}")
        out.print(made)
        notes = [str(found)]
        if older:
            notes.append(f"The evaluation of {', '.join(older)} was made at another temperature; evaluate again.")
        print_notes(notes)
        print_next_for(subject.folder)
