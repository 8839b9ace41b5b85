"""Select what trackers receive about a run: its recipe, epochs, metrics and files, but nothing that names a patient.

A tracker may be outside the hospital, so images, predictions, file names and the command line stay in the run folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chestnut.config import Recipe
from chestnut.runs.folder import RunFolder

Value = bool | int | float | str


def parameters(recipe: Recipe) -> dict[str, Value]:
    """Return a recipe's fields by their dotted names, with lists as text and without fields that have no value.

    Of a run or file whose weights the recipe starts from, only the name is included, not the path.

    >>> found = parameters(Recipe(name="x"))
    >>> found["name"], found["train.batch_size"], found["model.filters"]
    ('x', 32, '[16, 32, 64]')
    """
    found = dict(_flatten(recipe.model_dump(mode="json", exclude_none=True), ""))
    if weights := found.get("model.weights"):
        found["model.weights"] = Path(str(weights)).name
    return found


def _flatten(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Value]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, Value) else json.dumps(value)


def list_items(recipe: Recipe) -> dict[str, Value]:
    """Return the items of a recipe's lists by their dotted names, so that runs can be compared by them.

    >>> list_items(Recipe(name="x"))["model.filters.2"]
    64
    """
    return dict(_list_items(recipe.model_dump(mode="json", exclude_none=True), ""))


def _list_items(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Value]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _list_items(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield from ((f"{prefix}{name}.{at}", item) for at, item in enumerate(value) if isinstance(item, Value))


def series(row: Mapping[str, Any]) -> dict[str, float]:
    """Name the values of a row of history.csv so that training and validation share a chart.

    >>> series({"epoch": 3, "loss": 0.5, "val_loss": 0.75})
    {'loss/train': 0.5, 'loss/val': 0.75}
    """
    return {
        f"{name.removeprefix('val_')}/{'val' if name.startswith('val_') else 'train'}": float(value)
        for name, value in row.items()
        if name != "epoch"
    }


def final(run: RunFolder) -> dict[str, float]:
    """Return the validation metrics with the ends of their 95 % intervals; empty if the run has none."""
    if "val" not in run.evaluations():
        return {}
    found: dict[str, float] = {}
    for name, figure in run.metrics("val")["metrics"].items():
        parts = {"": figure["value"], "_low": figure["low"], "_high": figure["high"]}
        found |= {f"final/{name}{part}": value for part, value in parts.items() if value is not None}
    return found


def labels(run: RunFolder) -> dict[str, str]:
    """Return short facts about a run, for labels: its recipe, folder, version, backend, device and status."""
    record = run.record
    known = {"backend": record.backend, "device": record.device, "status": record.status}
    present = {name: value for name, value in known.items() if value is not None}
    version = record.versions.get("chestnut", "")
    folder = run.path.resolve().parent.name
    synthetic = str(bool(run.facts.get("synthetic"))).lower()
    return {"recipe": run.recipe.name, "folder": folder, "chestnut": version, "synthetic": synthetic, **present}


def files(run: RunFolder) -> list[tuple[Path, str]]:
    """Return the files to store with a run, each with its folder in the tracker: recipe, history, curves, bundle.

    `figures/samples.png` shows patients' images, and metrics.json and predictions.csv name files, so they are left out.
    """
    curves = sorted(run.evaluation("val").glob("*.png"))
    found = [(run.recipe_file, ""), (run.history_file, ""), (run.figures / "history.png", "figures")]
    found += [(path, "evaluation/val") for path in curves]
    found += [(path, "bundle") for path in sorted(run.bundle.glob("*"))]
    return [(path, folder) for path, folder in found if path.is_file()]


def read_tracker_id(run: RunFolder, name: str, given: str) -> str | None:
    """Return the id that a tracker gave this run, or None if the run is new to it."""
    known = run.record.tracking.get(name)
    return known.run if known is not None and known.track == given else None


def record_tracker_id(run: RunFolder, name: str, given: str, number: str) -> None:
    """Record the id that a tracker gave this run, so that a resumed run continues under it."""
    known = {tracker: one.model_dump() for tracker, one in run.record.tracking.items()}
    run.update(tracking={**known, name: {"track": given, "run": number}})
