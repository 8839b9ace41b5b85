"""`chestnut split`: split a data set by patient into train, val and test, or into folds, and write it as a CSV."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataArgument, DataOptions, with_data_options
from chestnut.cli.shared.destinations import ForceOption, Output, require_free_file
from chestnut.cli.shared.output import JsonOption, emit, out, print_next, say
from chestnut.cli.shared.tables import table
from chestnut.errors import DataError
from chestnut.limits import MOST_ROUNDS, MOST_SEED, require_between

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.data.manifest import Manifest


@with_data_options
def command(
    data: DataArgument,
    fractions: Annotated[
        str, typer.Option("--fractions", metavar="A,B,C", help="The shares of train, val and test.")
    ] = "0.7,0.15,0.15",
    folds: Annotated[
        int | None, typer.Option("--folds", metavar="K", help="Instead, number the folds of a cross-validation.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed gives another split.")] = 0,
    resplit: Annotated[
        bool, typer.Option("--resplit", help="Ignore the splits that DATA has, and make new ones.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="CSV", help="The file to write; by default DATA's name with -split.csv."),
        Output(),
    ] = None,
    force: ForceOption = False,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Split DATA by patient, balanced by class, and write a CSV that can be given as DATA to every command."""
    shares = _fractions(fractions)
    require_between(0, MOST_SEED, seed=seed)
    require_between(2, MOST_ROUNDS, folds=folds)
    manifest = options.load(data)
    root = manifest.root.resolve()
    path = output or Path(f"{root.name if root.is_dir() else root.stem}-split.csv")
    if output is None:
        require_free_file(path, "--out", force=force)
    if folds is None:
        from chestnut.data.split import split

        manifest = split(manifest, shares, seed, resplit)
        parts = manifest.frame["split"].tolist()
    else:
        manifest, parts = _with_folds(manifest, folds, seed, resplit)
    manifest.save(path)
    for note in manifest.notes:
        say(f"note: {note}")
    result = {"data": str(data), "manifest": str(path), "seed": seed, "synthetic": manifest.synthetic}
    counts = _counts(manifest, parts)
    if emit({**result, "parts": counts, "notes": list(manifest.notes)}, json):
        out.print(counts_table(counts, f"{manifest.root}: images (patients)"))
        out.print(f"written to {path}", markup=False, soft_wrap=True)
        print_next("chestnut", "info" if folds else "train", path)


def _fractions(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise DataError(
            f"--fractions {text!r}: give three numbers separated by commas, such as 0.7,0.15,0.15"
        ) from None


def _with_folds(manifest: Manifest, k: int, seed: int, resplit: bool) -> tuple[Manifest, list[str]]:
    """Return the manifest with a column `fold`, which is empty for the data's own test split, and each row's part."""
    import numpy as np

    from chestnut.data.folds import folds

    own_test = (manifest.frame["split"] == "test").to_numpy() & (not resplit)
    rows = np.flatnonzero(~own_test)
    if not len(rows):
        raise DataError(f"all images of {manifest.root} are in test; make new splits of them with --resplit")
    column = np.full(len(manifest), "", dtype=object)
    column[rows] = folds(manifest.take(rows), k, seed)[0].astype(str)
    parts = ["test" if not fold else f"fold {fold}" for fold in column]
    notes = [f"{k} folds by patient and class with seed {seed}, in the column fold"]
    if own_test.any():
        notes.append("the data's own test split is in no fold; --resplit puts it into folds too")
    split = np.where(own_test, "test", "train" if own_test.any() else "")
    frame = manifest.frame.assign(split=split, fold=column)
    return replace(manifest, frame=frame).with_note(*notes), parts


def _counts(manifest: Manifest, parts: list[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Return images and patients by part, `total` last, and by class, `all` last."""
    from chestnut.data.manifest import SPLITS
    from chestnut.data.split import tally

    counted = tally(manifest, parts)
    place = {str(name): number for number, name in enumerate(SPLITS)}
    names = sorted(set(parts), key=lambda name: (place.get(name, -1), len(name), name))
    empty = {"images": 0, "patients": 0}
    cells = {key: {str(name): int(value) for name, value in row.items()} for key, row in counted.iterrows()}
    return {
        name or "total": {label or "all": cells.get((name, label), empty) for label in (*manifest.classes, "")}
        for name in (*names, "")
    }


def counts_table(counts: dict[str, dict[str, dict[str, int]]], title: str) -> Table:
    """Return the table of images and patients by class and part, with their shares of the total below."""
    made = table(
        title, ("class", *counts), tuple(counts), [name for name in reversed(counts) if name != "total"], "--json"
    )
    total = counts["total"]
    for label in total:
        made.add_row(label, *(f"{part[label]['images']:,} ({part[label]['patients']:,})" for part in counts.values()))
    for label in total:
        images, patients = total[label]["images"], total[label]["patients"]
        shares = (
            f"{part[label]['images'] / images:.1%} ({part[label]['patients'] / patients:.1%})"
            for part in counts.values()
        )
        made.add_row(f"share of {label}", *shares, style="dim")
    return made
