"""Write the page of a cross-validation."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chestnut.errors import RunError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import SHOWN
from chestnut.evaluation.metrics import Evaluation
from chestnut.report.identities import Identities
from chestnut.report.render import count, figure, interval, list_figures, picture, write_page
from chestnut.report.sections.confusion import arrange_confusion
from chestnut.report.sections.counts import count_images
from chestnut.report.sections.drawings import read_drawings
from chestnut.report.sections.evaluations import METRICS
from chestnut.report.sections.study_callouts import read_study_audit, shortcut_callouts
from chestnut.runs.record import kept_epoch
from chestnut.studies.crossval.plan import CrossFolder, CrossPlan


def write_crossval_page(folder: CrossFolder, path: Path, *, identities: bool = False) -> None:
    """Write a cross-validation as one HTML file that opens offline.

    Args:
        folder: A cross-validation whose crossval.json was written.
        path: The page to write.
        identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in their
            place, which identities.csv in the folder explains.

    Raises:
        RunError: crossval.json is missing, or a file is damaged.
        DiskError: The disk is full or not writable.
    """
    if not folder.result_file.exists():
        raise RunError(f"{folder.path} has no crossval.json yet; repeat the command that began it")
    result, plan, facts = folder.result, folder.plan, folder.facts
    rows = folder.rows
    names = Identities.of_folder(folder.path, facts, rows, shown=identities)
    pooled = Evaluation.from_dict(result["pooled"])
    write_page(
        path,
        "crossval.html",
        {
            "title": folder.path.resolve().name,
            "result": result,
            "pooled": pooled,
            "lead": _lead(result, pooled),
            "facts": names.facts(facts),
            "synthetic": bool(facts.get("synthetic")),
            "counts": count_images(rows, facts),
            "metrics": [_metric_row(name, pooled, result["spread"]) for name in SHOWN if name in pooled.metrics],
            "folds": [_fold_row(part, result["repeats"]) for part in result["parts"]],
            "forest": picture(folder.figures / "auroc.png"),
            "curves": picture(folder.figures / "curves.png"),
            "drawings": read_drawings(folder.figures, pooled),
            "terms": _terms(plan),
            "recipe": plan.recipe.to_toml(),
            "keep": _keep(folder, facts),
            "callouts": shortcut_callouts(facts, audited=read_study_audit(folder.path, facts, names)),
            "spoken": _speak(result["parts"]),
            "spoken_epochs": list_figures(
                (part["name"], kept_epoch(part["best_epoch"], part["epochs"])) for part in result["parts"]
            ),
            "confusion": arrange_confusion(pooled),
        },
        names,
    )


def _speak(parts: Sequence[Mapping[str, Any]]) -> str:
    """Put the figures of the forest plot into words."""
    areas = [Evaluation.from_dict(part["evaluation"]).metrics["auroc"] for part in parts]
    return "AUROC of every fold with its interval: " + "; ".join(map(str, areas))


def _keep(folder: CrossFolder, facts: Mapping[str, Any]) -> str:
    """Return the command that trains one network by the recipe, for use; empty where the recipe is missing."""
    recipe = folder.run(folder.plan.parts[0]).recipe_file
    if not recipe.exists():
        return ""
    return shlex.join(["chestnut", "train", str(facts.get("root", "DATA")), "--recipe", str(recipe)])


def _lead(result: Mapping[str, Any], pooled: Evaluation) -> str:
    """Say how good the recipe is over all folds and how much the folds differ."""
    spread = result["spread"]["auroc"]
    where = f"{count(pooled.images, 'held-out prediction')} of {count(pooled.patients, 'patient')}"
    sentence = f"{result['recipe']} reaches AUROC {pooled.metrics['auroc']} on {where}"
    if spread["deviation"] is None:
        return f"{sentence}."
    mean = Estimate(spread["mean"], spread.get("low"), spread.get("high"))
    return f"{sentence}; over {count(spread['folds'], 'fold')} the mean is {mean}."


def _metric_row(name: str, pooled: Evaluation, spread: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a metric's name, pooled value, interval, mean over the folds, its interval, deviation, and meaning."""
    estimate, folds = pooled.metrics[name], spread.get(name, {})
    mean = Estimate(folds.get("mean"), folds.get("low"), folds.get("high"))
    shown = (
        figure(estimate.value),
        interval(estimate),
        figure(mean.value),
        interval(mean),
        figure(folds.get("deviation")),
    )
    title, meaning, _ = METRICS[name]
    return title, *shown, meaning


def _fold_row(part: Mapping[str, Any], repeats: int) -> tuple[Any, ...]:
    """Return a fold's name, images, patients, AUROC and accuracy, loss, kept epoch, and its run."""
    judged = Evaluation.from_dict(part["evaluation"])
    name = f"Fold {part['fold']}" + (f", repeat {part['repeat']}" if repeats > 1 else "")
    shown = [judged.metrics[key] for key in ("auroc", "accuracy")]
    loss = figure(judged.metrics["loss"].value)
    return name, judged.images, judged.patients, shown, loss, kept_epoch(part["best_epoch"], part["epochs"]), part


def _terms(plan: CrossPlan) -> list[tuple[str, str]]:
    train, val, _ = plan.recipe.data.fractions
    seeds = [part.seed for part in plan.parts]
    return [
        ("Folds", f"{plan.folds}, by patient and balanced by class, drawn with seed {plan.recipe.seed}"),
        ("Repeats", str(plan.repeats)),
        ("Validation of each run", f"{val / (train + val):.0%} of the patients that are not held out"),
        ("Epochs", f"at most {plan.recipe.train.epochs}; the best by the run's own validation images is kept"),
        ("Seeds of the runs", f"{seeds[0]} to {seeds[-1]}"),
        ("Threads of each run", str(plan.threads)),
    ]
