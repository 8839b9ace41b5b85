"""`chestnut errors`: show what the network of a run decided wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, out, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.mistakes.mistakes import Mistakes


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or of a cross-validation.")],
    suspects: Annotated[
        bool, typer.Option("--suspects", help="Look for wrong labels instead: suspected label errors.")
    ] = False,
    folds: Annotated[
        Path | None,
        typer.Option(
            "--folds", metavar="CROSSVAL", help="Look for wrong labels in all images, by this cross-validation of them."
        ),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", metavar="SPLIT", help="The evaluation to look at: a split, or another data set.")
    ] = "val",
    method: Annotated[
        str,
        typer.Option("--method", metavar="METHOD", help="How heat maps are made; see chestnut explain -h."),
    ] = "auto",
    identities: Annotated[
        bool, typer.Option("--identities", help="Show the names of images, patients and folders on the page.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Show what RUN decided wrongly or narrowly in an evaluation, into RUN/errors/SPLIT.

    The images must have been evaluated before, so this is no other look at a test split.

    With --suspects or --folds, or for a cross-validation: list the images whose labels may be wrong, into RUN/suspects.
    """
    from chestnut.api.run import open_run
    from chestnut.cli.results.label_errors import show_suspects
    from chestnut.studies.held_out import is_crossval

    if suspects or folds is not None or is_crossval(run):
        show_suspects(run, split, folds, json, method=method, identities=identities, display=TerminalDisplay())
        return
    subject = open_run(run)
    found = subject.errors(
        split,
        method=method,  # type: ignore[arg-type]  # checked there
        identities=identities,
        display=TerminalDisplay(),
    )
    folder = subject.folder.errors(split)
    if emit({"run": str(run), "out": str(folder), **found.to_dict()}, json):
        if not found.mistakes:
            print_notes(found.headlines)
            return
        out.print(mistakes_table(found, str(run)))
        print_notes(found.headlines)
        out.print(f"Pictures: {folder / 'errors.html'}; all mistakes: {folder / 'mistakes.csv'}", soft_wrap=True)
        out.print("Not a medical device.", style="dim")


def mistakes_table(found: Mistakes, run: str) -> Table:
    """Return a table of the mistakes of each class."""
    made = table(f"Mistakes of {run} on {found.split}", ("class", "images", "patients", "mistakes", "share", "decided"))
    for one in found.by_class:
        decided = ", ".join(f"{count:,} {name}" for name, count in one.decided.items()) or "–"
        made.add_row(one.label, f"{one.images:,}", f"{one.patients:,}", f"{one.mistakes:,}", str(one.share), decided)
    return made
