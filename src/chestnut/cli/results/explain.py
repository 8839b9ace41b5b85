"""`chestnut explain`: show where the network of a run looked in images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.results.map_check import CheckOptions, check_maps, with_check_options
from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, out, print_notes
from chestnut.cli.shared.tables import table
from chestnut.errors import DataError

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.explain.map_folder import MapFile

#: The most rows of the table.
_SHOWN = 30


@with_check_options
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Images, folders of images, or patterns in quotes; with --check at most one data set. "
            "[default there: the validation images]",
            show_default=False,
        ),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option("--class", metavar="CLASS", help="The class to explain. [default: the positive, or likeliest]"),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="METHOD",
            help="gradcam, gradcam++, hirescam, layercam, eigencam, integrated-gradients, smoothgrad, activation, "
            "occlusion; or auto: activation if possible, else occlusion.",
        ),
    ] = "auto",
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="OUT", help="A new folder, or an empty one. [default: RUN/explain/maps]"),
        Output(folder=True),
    ] = None,
    npy: Annotated[bool, typer.Option("--npy", help="Write the values of each map, too, for NumPy.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Measure instead whether maps are worth anything, by several methods.")
    ] = False,
    *,
    options: CheckOptions,
    json: JsonOption = None,
) -> None:
    """Draw which places of FILES speak for a class, by the network of RUN: the image, what the network sees, and a map.

    Where a network decides by the averages of its last maps, as that of cnn-gap does, activation is exact. Occlusion
    works for every network. The others follow the gradients of the network: gradcam and its kin at the last
    convolution, integrated-gradients and smoothgrad down to the pixels.
    """
    if check and (of is not None or method != "auto" or folder is not None or npy):
        raise DataError("--class, --method, --out and --npy draw maps; with --check give --methods, and none of these")
    if check:
        check_maps(run, files or [], options, json)
        return
    if options != CheckOptions():
        raise DataError("--methods, --images, --other, --lesions and --retrain belong to --check; give it too")
    if not files:
        raise DataError("name images to explain, or give --check to check maps on the validation images")
    from chestnut.api.run import open_run

    known: Any = method  # checked there
    maps = open_run(run).explain(files, to=folder, of=of, method=known, raw=npy, display=TerminalDisplay())
    place = folder or run / "explain" / "maps"
    if emit({"run": str(run), "out": str(place), "maps": [one._asdict() for one in maps]}, json):
        _print(maps, place)


def _print(maps: list[MapFile], folder: Path) -> None:
    out.print(maps_table(maps[:_SHOWN], folder))
    if len(maps) > _SHOWN:
        out.print(f"… and {len(maps) - _SHOWN:,} more in {folder / 'maps.json'}", markup=False, soft_wrap=True)
    print_notes(sorted({f"{one.method}: {one.meaning}" for one in maps}))
    if maps and all(one.exact for one in maps):
        print_notes(["exact: the mean of a map, plus a number that does not depend on the place, is the score"])
    print_notes(["a map shows what this network uses, not where the disease is"])
    out.print("Not a medical device.", style="dim")


def maps_table(maps: list[MapFile], folder: Path) -> Table:
    """Return a table of maps, one row an image."""
    made = table(f"Maps in {folder}", ("picture", "class", "probability", "decision", "method", "evidence"))
    for one in maps:
        evidence = "yes" if one.evidence else "none"
        made.add_row(one.file, one.of, f"{one.probability:.3f}", one.decision, one.method, evidence)
    return made
