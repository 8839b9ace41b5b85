"""`chestnut runs`: the runs of a folder with their figures side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from chestnut.cli.shared.output import JsonOption, emit, out, say, table


def command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that runs stand in.")] = Path("runs"),
    json: JsonOption = None,
) -> None:
    """List runs with their figures side by side."""
    from chestnut.cli.shared.result_tables import estimate
    from chestnut.errors import RunError
    from chestnut.runs.folder import RunFolder, find_runs, kept_epoch

    if not folder.is_dir():
        raise RunError(f"no folder {folder}; chestnut train DATA makes runs/ and the first run in it")
    rows = []
    for run in find_runs(folder):
        try:
            rows.append(_described(RunFolder.open(run.path)))
        except RunError as error:
            say(f"left out: {error}")
    if emit({"runs": rows}, json):
        made = table(
            columns=(
                "run",
                "recipe",
                "status",
                "epochs",
                "val AUROC",
                "val accuracy",
                "test AUROC",
                "test accuracy",
                "looks",
            ),
            numbers=("epochs", "looks"),
        )
        for row in rows:
            figures = [
                estimate(row["evaluations"].get(split, {}).get(metric))
                for split in ("val", "test")
                for metric in ("auroc", "accuracy")
            ]
            made.add_row(
                row["name"], row["recipe"], row["status"], kept_epoch(row), *figures, str(row["looks_at_test"])
            )
        out.print(made if rows else f"no runs in {folder} yet; chestnut train DATA makes the first")


def _described(run: Any) -> dict[str, Any]:
    facts = run.environment
    return {
        "name": run.name,
        "path": str(run.path),
        "recipe": run.recipe.name,
        "status": facts.get("status"),
        "started": facts.get("started"),
        "epochs": facts.get("epochs"),
        "best_epoch": facts.get("best_epoch"),
        "parameters": facts.get("parameters"),
        "seconds": facts.get("seconds"),
        "looks_at_test": len(run.own_looks),
        "evaluations": {name: run.metrics(name)["metrics"] for name in run.evaluations()},
    }
