"""What trackers are told of a run: its recipe, its epochs, its figures and its files, and nothing that names a patient.

Called by the trackers; calls `config` and `runs`. Images, predictions, file names and the command line stay in the run
folder: a tracker may stand outside the hospital.
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
    """A recipe's fields under their dotted names; lists as text, fields without a value left out.

    Of the run or file whose weights it starts from, the name alone is told and not the path.

    >>> found = parameters(Recipe(name="x"))
    >>> found["name"], found["train.batch_size"], found["model.filters"]
    ('x', 32, '[16, 32, 64]')
    """
    found = dict(_flat(recipe.model_dump(mode="json", exclude_none=True), ""))
    if weights := found.get("model.weights"):
        found["model.weights"] = Path(str(weights)).name
    return found


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Value]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, Value) else json.dumps(value)


def places(recipe: Recipe) -> dict[str, Value]:
    """The places of a recipe's lists under their dotted names, as numbers to be compared by.

    >>> places(Recipe(name="x"))["model.filters.2"]
    64
    """
    return dict(_places(recipe.model_dump(mode="json", exclude_none=True), ""))


def _places(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Value]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _places(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield from ((f"{prefix}{name}.{at}", item) for at, item in enumerate(value) if isinstance(item, Value))


def series(row: Mapping[str, Any]) -> dict[str, float]:
    """A line of history.csv, training and validation under one name each so that they share a chart.

    >>> series({"epoch": 3, "loss": 0.5, "val_loss": 0.75})
    {'loss/train': 0.5, 'loss/val': 0.75}
    """
    return {
        f"{name.removeprefix('val_')}/{'val' if name.startswith('val_') else 'train'}": float(value)
        for name, value in row.items()
        if name != "epoch"
    }


def final(run: RunFolder) -> dict[str, float]:
    """Figures of the validation images with the ends of their 95 % intervals; empty where the run has none."""
    if "val" not in run.evaluations():
        return {}
    found: dict[str, float] = {}
    for name, figure in run.metrics("val")["metrics"].items():
        parts = {"": figure["value"], "_low": figure["low"], "_high": figure["high"]}
        found |= {f"final/{name}{part}": value for part, value in parts.items() if value is not None}
    return found


def labels(run: RunFolder) -> dict[str, str]:
    """What a run is called and what it was made with."""
    record = run.record
    known = {"backend": record.backend, "device": record.device, "status": record.status}
    made = {name: value for name, value in known.items() if value is not None}
    version = record.versions.get("chestnut", "")
    folder = run.path.resolve().parent.name
    synthetic = str(bool(run.facts.get("synthetic"))).lower()
    return {"recipe": run.recipe.name, "folder": folder, "chestnut": version, "synthetic": synthetic, **made}


def files(run: RunFolder) -> list[tuple[Path, str]]:
    """Files to keep with a run, each with the folder to keep it in: recipe, history, curves, bundle.

    `figures/samples.png` shows patients' images, and metrics.json and predictions.csv name files: they are left out.
    """
    curves = sorted(run.evaluation("val").glob("*.png"))
    found = [(run.recipe_file, ""), (run.history_file, ""), (run.figures / "history.png", "figures")]
    found += [(path, "evaluation/val") for path in curves]
    found += [(path, "bundle") for path in sorted(run.bundle.glob("*"))]
    return [(path, folder) for path, folder in found if path.is_file()]


def kept(run: RunFolder, name: str, given: str) -> str | None:
    """The id that a tracker gave this run, where it was told of it before."""
    known = run.record.tracking.get(name)
    return known.run if known is not None and known.track == given else None


def keep(run: RunFolder, name: str, given: str, number: str) -> None:
    """Note the id that a tracker gave this run, for a resume to go on with."""
    known = {tracker: one.model_dump() for tracker, one in run.record.tracking.items()}
    run.update(tracking={**known, name: {"track": given, "run": number}})
