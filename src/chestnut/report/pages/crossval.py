"""The page of a cross-validation: `write_crossval_page` reads its folder and writes one HTML file.

Called by `cli`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chestnut.errors import RunError
from chestnut.evaluation.metric_names import METRICS, SHOWN, heading
from chestnut.files.json_files import read_json
from chestnut.report.render import count, figure, interval, picture, said, write_page
from chestnut.report.sections.counts import count_images
from chestnut.runs.record import kept_epoch
from chestnut.studies.crossval.plan import CrossFolder, CrossPlan

_FIGURES = {
    "roc": "ROC curve",
    "precision_recall": "Precision and recall",
    "reliability": "Reliability",
    "confusion": "Confusion matrix",
}


def write_crossval_page(folder: CrossFolder, path: Path) -> None:
    """Write a cross-validation as one HTML file that opens offline.

    Args:
        folder: A cross-validation whose crossval.json was written.
        path: Where the file is to stand.

    Raises:
        RunError: crossval.json is missing, or a file is damaged.
        DiskError: The disk is full or may not be written.
    """
    if not folder.result_file.is_file():
        raise RunError(f"{folder.path} has no crossval.json yet; give the command that began it again")
    result, plan, facts = read_json(folder.result_file), folder.plan, folder.facts
    shown = {name: picture(folder.figures / f"{name}.png") for name in _FIGURES}
    write_page(
        path,
        "crossval.html",
        {
            "title": folder.path.resolve().name,
            "result": result,
            "lead": _lead(result),
            "facts": facts,
            "synthetic": bool(facts.get("synthetic")),
            "counts": count_images(folder.manifest_file, facts),
            "metrics": [_metric(name, result) for name in SHOWN if name in result["spread"]],
            "folds": [_fold(part, result["repeats"]) for part in result["parts"]],
            "forest": picture(folder.figures / "auroc.png"),
            "curves": picture(folder.figures / "curves.png"),
            "drawings": [{"title": _FIGURES[name], "picture": held} for name, held in shown.items() if held],
            "terms": _terms(plan),
            "recipe": plan.recipe.to_toml(),
        },
    )


def _lead(result: Mapping[str, Any]) -> str:
    """How good the recipe is, of all folds and from fold to fold."""
    pooled, spread = result["pooled"], result["spread"]["auroc"]
    where = f"{count(pooled['images'], 'held-out prediction')} of {count(pooled['patients'], 'patient')}"
    reached = f"{result['recipe']} reaches AUROC {said(pooled['metrics']['auroc'])} on {where}"
    if spread["deviation"] is None:
        return f"{reached}."
    return f"{reached}; over {count(spread['folds'], 'fold')} the mean is {_spread(spread)}."


def _metric(name: str, result: Mapping[str, Any]) -> tuple[str, ...]:
    """A line of the table of metrics: name, pooled figure, its interval, mean and deviation, what it is."""
    pooled = result["pooled"]["metrics"][name]
    return heading(name), figure(pooled["value"]), interval(pooled), _spread(result["spread"][name]), METRICS[name]


def _spread(spread: Mapping[str, Any]) -> str:
    return figure(spread["mean"]) + (f" ± {figure(spread['deviation'])}" if spread["deviation"] is not None else "")


def _fold(part: Mapping[str, Any], repeats: int) -> tuple[Any, ...]:
    """A line of the table of folds: name, images, patients, AUROC, accuracy, loss, kept epoch, seed."""
    judged = part["evaluation"]
    name = f"Fold {part['fold']}" + (f", repeat {part['repeat']}" if repeats > 1 else "")
    kept = kept_epoch(part["best_epoch"], part["epochs"])
    shown = [judged["metrics"][key] for key in ("auroc", "accuracy")]
    return name, judged["images"], judged["patients"], shown, figure(judged["metrics"]["loss"]["value"]), kept, part


def _terms(plan: CrossPlan) -> list[tuple[str, str]]:
    train, val, _ = plan.recipe.data.fractions
    seeds = [part.seed for part in plan.parts]
    return [
        ("Folds", f"{plan.folds}, by patient and balanced by class, dealt with seed {plan.recipe.seed}"),
        ("Repeats", str(plan.repeats)),
        ("Validation of each run", f"{val / (train + val):.0%} of the patients that are not held out"),
        ("Epochs", f"at most {plan.recipe.train.epochs}; the best by the run's own validation images is kept"),
        ("Seeds of the runs", f"{seeds[0]} to {seeds[-1]}"),
        ("Threads a run", str(plan.threads)),
    ]
