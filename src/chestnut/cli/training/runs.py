"""`chestnut runs`: list runs with their figures side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.shared.decided import describe_decided
from chestnut.cli.shared.output import JsonOption, WideOption, emit, out, print_next, say
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.runs.folder import RunFolder

_COLUMNS = (
    "run",
    "recipe",
    "status",
    "epochs",
    "val AUROC",
    "val accuracy",
    "test AUROC",
    "test accuracy",
    "looks",
)
#: The keys of a row in JSON beside the name, the path and the error.
_ROW = (
    *("recipe", "status", "started", "epochs", "best_epoch", "parameters", "seconds"),
    *("looks_at_test", "evaluations", "temperature", "threshold", "rule", "on"),
)
_DROPPABLE = ("looks", "epochs", "test accuracy", "val accuracy", "recipe", "test AUROC")


def command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that contains the runs.")] = Path("runs"),
    wide: WideOption = False,
    json: JsonOption = None,
) -> None:
    """List the runs in FOLDER with their figures side by side."""
    from chestnut.errors import RunError
    from chestnut.runs.folder import find_runs

    if not folder.is_dir():
        raise RunError(f"no folder {folder}; chestnut train DATA makes runs/ and the first run in it")
    rows = [_describe(run) for run in find_runs(folder)]
    for row in rows:
        if row["error"]:
            say(f"note: {row['error']}")
    if emit({"runs": rows}, json):
        out.print(runs_table(rows) if rows else f"no runs in {folder} yet; chestnut train DATA makes the first")
        sound = [row["path"] for row in rows if not row["error"]]
        if sound:
            print_next("chestnut", "info", sound[-1])
        elif not rows:
            print_next("chestnut", "train", "--help")


def runs_table(rows: list[dict[str, Any]]) -> Table:
    """Return the table of runs; figures are shown with their 95 % intervals."""
    from chestnut.cli.tables.result_tables import estimate
    from chestnut.runs.record import kept_epoch

    chosen = ("decided at",) if any(row["rule"] for row in rows) else ()
    made = table(columns=(*_COLUMNS, *chosen), numbers=("epochs", "looks"), droppable=(*chosen, *_DROPPABLE))
    for row in rows:
        kept = kept_epoch(row["best_epoch"], row["epochs"])
        looks = "–" if row["looks_at_test"] is None else str(row["looks_at_test"])
        figures = [
            estimate(row["evaluations"].get(split, {}).get(metric))
            for split in ("val", "test")
            for metric in ("auroc", "accuracy")
        ]
        made.add_row(
            row["name"], row["recipe"] or "–", row["status"], kept, *figures, looks, *(_decided(row) for _ in chosen)
        )
    return made


def _decided(row: dict[str, Any]) -> str:
    """Return the threshold of a run, and the rule that chose it."""
    if row["threshold"] is None:
        return "–"
    return f"{row['threshold']:.3g}" + (f" ({row['rule']} on {row['on']})" if row["rule"] else "")


def _describe(run: RunFolder) -> dict[str, Any]:
    """Return what a run's row shows; of a damaged run its place, and what is wrong with it."""
    from chestnut.errors import ChestnutError

    place = {"name": run.name, "path": str(run.path)}
    try:
        return place | _read_row(run) | {"error": None}
    except ChestnutError as error:
        unknown = dict.fromkeys(_ROW) | {"status": "damaged", "evaluations": {}, "error": " ".join(str(error).split())}
        return place | unknown


def _read_row(run: RunFolder) -> dict[str, Any]:
    run = run.open(run.path)
    record = run.record
    return {
        "recipe": run.recipe.name,
        "status": record.status,
        "started": record.started,
        "epochs": record.epochs,
        "best_epoch": record.best_epoch,
        "parameters": record.parameters,
        "seconds": record.seconds,
        "looks_at_test": len(run.own_looks),
        "evaluations": {name: run.metrics(name)["metrics"] for name in run.evaluations()},
        **describe_decided(run),
    }
