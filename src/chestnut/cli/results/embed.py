"""`chestnut embed`: draw images as dots, near each other where a network finds them alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.explain.embedding.embedding import Embedding


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    split: Annotated[str, typer.Option("--split", metavar="SPLIT", help="train, val or test.")] = "val",
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="pca, or umap if umap-learn is installed.")
    ] = "pca",
    colour: Annotated[
        list[str] | None,
        typer.Option(
            "--colour",
            metavar="COLUMN",
            help="What colours the dots of the figure: class, error, source or another column; may be repeated.",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="OUT", help="A new folder, or an empty one. [default: RUN/embedding/SPLIT]"),
        Output(folder=True),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="The seed of what is random.")] = 0,
    identities: Annotated[
        bool, typer.Option("--identities", help="Show the names of images and patients on the page.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Draw the images of a split as dots in two dimensions, near each other where the network of RUN finds them alike.

    Writes a figure, a table, and a page on which pointing at a dot shows its image; and says how well classes, sources
    and other groups are kept apart.
    """
    from chestnut.api.run import open_run
    from chestnut.explain.embedding.layout import PAGE

    found = open_run(run).embed(
        split,
        method=method,  # type: ignore[arg-type]  # checked there
        colours=colour or (),
        to=folder,
        seed=seed,
        identities=identities,
        display=TerminalDisplay(),
        command=command_line(),
    )
    place = folder or run / "embedding" / split
    if emit({"run": str(run), "out": str(place), "split": split, **found.to_dict()}, json):
        out.print(separation_table(found))
        print_notes(found.notes)
        out.print(f"Page: {place / PAGE}", markup=False, soft_wrap=True)
        out.print("Not a medical device.", style="dim")


def separation_table(found: Embedding) -> Table:
    """Return how far the groups of the class and of each column are apart."""
    title = f"{len(found.frame):,} images: how often the 5 nearest of other patients are of the same group"
    made = table(title, ("groups of", "share (95 % interval)", "by chance", "apart", "apart within a class"))
    within = {one.column: one for one in found.within}
    for one in found.separations:
        inside = within.get(one.column)
        made.add_row(
            one.column,
            str(one.purity),
            f"{one.chance:.3f}",
            str(one.excess),
            "–" if inside is None else str(inside.excess),
        )
    return made
