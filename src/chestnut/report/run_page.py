"""The report of a run: `write_run_page` reads a run folder and writes one HTML file.

Called by `api` and `cli`. Whatever the folder lacks, because training failed or goes on or nobody has looked yet, the
page says so in its place.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chestnut.files import read_json
from chestnut.report.findings import Findings, read_findings
from chestnut.report.html import duration, picture, when, write_page
from chestnut.report.recipe_table import recipe_rows
from chestnut.report.results import METRICS, gap, read_cells, read_results
from chestnut.report.verdict import judge, looks_lesson
from chestnut.runs import RunFolder

_SPLITS = {"train": "Training", "val": "Validation", "test": "Test", "": "No split"}
_ENDS = {
    "epochs": "all epochs were run",
    "early": "early stopping, when patience had run out",
    "interrupted": "by hand (Ctrl-C)",
}
_STATUS = {"training": "training has not ended", "stopped": "stopped by hand", "failed": "failed"}
_HISTORY = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "val_loss": "Validation loss",
    "val_accuracy": "Validation accuracy",
    "val_balanced_accuracy": "Validation balanced accuracy",
    "val_auroc": "Validation AUROC",
    "learning_rate": "Learning rate",
    "seconds": "Seconds",
}


@dataclass(frozen=True)
class Cell:
    """Images and patients of one class in one split."""

    images: int
    patients: int


@dataclass(frozen=True)
class Counts:
    """The table of classes by splits.

    Attributes:
        splits: Names of the columns, `Total` last.
        rows: Class name and a cell a column; the last row is the total.
    """

    splits: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def write_run_page(run: RunFolder, path: Path) -> None:
    """Write the report of a run as one HTML file that opens offline.

    Args:
        run: The run; it need not have ended.
        path: Where the file is to stand.

    Raises:
        RunError: A file of the run that it cannot be without is missing or damaged.
        DataError: A file of the run is not what it should be.
        DiskError: The disk is full or may not be written.
    """
    facts, environment, results = run.facts, run.environment, read_results(run)
    findings = read_findings(read_json(run.audit_file)) if run.audit_file.is_file() else None
    history = run.history
    write_page(
        path,
        "run.html",
        {
            "title": run.name,
            "recipe": run.recipe,
            "facts": facts,
            "environment": environment,
            "status": _STATUS.get(str(environment.get("status")), ""),
            "synthetic": bool(facts.get("synthetic")),
            "verdict": judge(run, results, findings),
            "counts": _counts(run, facts),
            "samples": picture(run.figures / "samples.png"),
            "findings": findings,
            "rivals": _rivals(findings, results),
            "recipe_rows": recipe_rows(run.recipe),
            "recipe_text": run.recipe_file.read_text(encoding="utf-8"),
            "repeat": _repeat(run, facts),
            "curves": picture(run.figures / "history.png"),
            "training_rows": _training_rows(run, environment, history),
            "history_names": [name for column, name in _HISTORY.items() if column in history],
            "history": _history(history),
            "best_epoch": environment.get("best_epoch"),
            "results": results,
            "metrics": METRICS,
            "gap": gap(results),
            "ledger": run.ledger,
            "lesson": looks_lesson(run.own_looks),
            "environment_rows": _environment_rows(run, environment),
        },
    )


def _counts(run: RunFolder, facts: Mapping[str, Any]) -> Counts | None:
    """Images and patients of every class and split; None without a manifest.

    Raises:
        DataError: The manifest is no table, or lacks a column.
    """
    if not run.manifest_file.is_file():
        return None
    frame = read_cells(run.manifest_file, ("label", "patient", "split"))
    known = [str(name) for name in facts.get("classes", ())]
    labels = [*known, *sorted(set(frame["label"]) - set(known))]
    splits = [split for split in _SPLITS if (frame["split"] == split).any()]

    def row(chosen: pd.DataFrame) -> tuple[Cell, ...]:
        parts = [chosen[chosen["split"] == split] for split in splits]
        return tuple(Cell(len(part), int(part["patient"].nunique())) for part in (*parts, chosen))

    rows = [(label or "no label", row(frame[frame["label"] == label])) for label in labels]
    return Counts((*(_SPLITS[split] for split in splits), "Total"), (*rows, ("Total", row(frame))))


def _rivals(findings: Findings | None, results: list[Any]) -> list[tuple[str, Any, bool]]:
    """What the chart of the probes compares: what was seen, its AUROC, and whether it is this model."""
    if findings is None or not findings.probes:
        return []
    probes = [(f"Sees only {probe.sees}", probe.auroc, False) for probe in findings.probes]
    own = [(f"This model, {result.title.lower()}", result.metric("auroc"), True) for result in results[:1]]
    return [item for item in (*probes, *own) if item[1]["value"] is not None]


def _repeat(run: RunFolder, facts: Mapping[str, Any]) -> str:
    """The command that makes the run again; its manifest names the very images, patients and splits."""
    parts = [["chestnut", "train", str(run.manifest_file)], ["--recipe", str(run.recipe_file)]]
    if facts.get("positive") and run.recipe.data.positive is None:
        parts.append(["--positive", str(facts["positive"])])
    return " \\\n    ".join(shlex.join(part) for part in parts)


def _training_rows(run: RunFolder, environment: Mapping[str, Any], history: pd.DataFrame) -> list[tuple[str, str]]:
    epochs = len(history)
    rows = [("Epochs", f"{epochs} of at most {run.recipe.train.epochs}")]
    if environment.get("best_epoch"):
        rows.append(("Best epoch", f"{environment['best_epoch']}, whose weights were kept"))
    if environment.get("stopped_by"):
        rows.append(("How it ended", _ENDS.get(environment["stopped_by"], str(environment["stopped_by"]))))
    if epochs and "seconds" in history:
        spent = float(history["seconds"].sum())
        rows.append(("Time", f"{duration(spent)}, {duration(float(history['seconds'].median()))} an epoch"))
    if environment.get("parameters"):
        rows.append(("Parameters", f"{environment['parameters']:,}"))
    return rows


def _history(history: pd.DataFrame) -> list[tuple[int, list[str]]]:
    """Epoch and its written figures, a row an epoch."""
    columns = [column for column in _HISTORY if column in history]
    formats = {"learning_rate": "{:.3g}", "seconds": "{:.1f}"}
    return [
        (
            int(row["epoch"]),
            ["–" if pd.isna(row[name]) else formats.get(name, "{:.4f}").format(row[name]) for name in columns],
        )
        for row in history.to_dict("records")
    ]


def _environment_rows(run: RunFolder, environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    versions = environment.get("versions", {})
    rows = {
        "Command": environment.get("command"),
        "Started": when(environment.get("started")),
        "Resumed": ", ".join(when(time) for time in environment.get("resumed", ())),
        "Ended": when(environment.get("ended")),
        "Device": environment.get("device"),
        "Backend": environment.get("backend"),
        "Arithmetic": run.recipe.train.precision,
        "Seed": str(run.recipe.seed),
        "Commit of chestnut": environment.get("commit") or "installed copy, none known",
        "Python": environment.get("python"),
        "System": environment.get("system"),
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    return [(name, str(value)) for name, value in rows.items() if value]
