"""Print the images whose labels may be wrong, for `chestnut errors`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.cli.shared.output import emit, out, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.mistakes.labels.suspects import Suspects

#: The most suspects in the table; suspects.csv has all.
MOST_SHOWN = 10


def show_suspects(run: Path, split: str, folds: Path | None, json: Path | None, **options: Any) -> None:
    """Look for suspected label errors, and print the first of them or write all that was found as JSON.

    Args:
        run: The folder of a run or a cross-validation.
        split: The evaluation of a run.
        folds: The folder of a cross-validation by which the images of a run are judged.
        json: Where JSON goes; None for a table.
        **options: What else `label_errors` takes.
    """
    from chestnut.api.label_errors import label_errors

    found = label_errors(run, split, folds=folds, **options)
    folder = run / "suspects"
    if emit({"run": str(run), "out": str(folder), **found.to_dict()}, json):
        if found.listed:
            out.print(suspects_table(found, str(run)))
        print_notes(found.sentences)
        review, page = folder / "suspects.csv", folder / "suspects.html"
        out.print(f"Pictures: {page}; all labels, to review: {review}", markup=False, soft_wrap=True)
        out.print("Not a medical device.", style="dim")


def suspects_table(found: Suspects, run: str) -> Table:
    """Return a table of the first suspects."""
    made = table(f"Labels of {run} to look at first", ("image", "label", "probability", "suggested", "its probability"))
    for one in found.listed[:MOST_SHOWN]:
        figures = f"{one.label_probability:.3f}", f"{one.suggested_probability:.3f}"
        made.add_row(Path(one.path).name, one.label, figures[0], one.suggested, figures[1])
    return made
