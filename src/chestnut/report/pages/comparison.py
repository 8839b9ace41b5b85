"""Write the page of a comparison, which may be a control experiment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chestnut.errors import RunError
from chestnut.evaluation.intervals.estimate import Estimate, format_p
from chestnut.report.identities import Identities
from chestnut.report.render import count, figure, interval, list_figures, picture, write_page
from chestnut.report.sections.counts import count_images
from chestnut.report.sections.study_callouts import read_study_audit, shortcut_callouts
from chestnut.report.sections.verdict import Callout
from chestnut.studies.comparison.control_folder import ControlFolder
from chestnut.studies.comparison.leaderboard import ESTIMATES
from chestnut.studies.comparison.plan import ComparisonFolder, ComparisonPlan


def write_comparison_page(folder: ComparisonFolder, path: Path, *, identities: bool = False) -> None:
    """Write a comparison as one HTML file that opens offline.

    Args:
        folder: A comparison whose leaderboard was written.
        path: The page to write.
        identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in their
            place, which identities.csv in the folder explains.

    Raises:
        RunError: The leaderboard is missing, or a file of the comparison is damaged.
        DiskError: The disk is full or not writable.
    """
    if not folder.result_file.exists():
        raise RunError(f"{folder.path} has no leaderboard yet; make it by chestnut compare --resume {folder.path}")
    board, plan, facts = folder.result, folder.plan, folder.facts
    control = None if plan.control is None else ControlFolder(folder.path)
    rows = folder.rows
    names = Identities.of_folder(folder.path, facts, rows, shown=identities)
    alive = [_with_estimates(row) for row in board["rows"] if row["place"] is not None]
    write_page(
        path,
        "comparison.html",
        {
            "title": folder.path.resolve().name,
            "board": board,
            "alive": alive,
            "exchanged": any(row.get("exchanged") for row in alive),
            "repeated": plan.terms.repeats > 1,
            "dead": [row for row in board["rows"] if row["failed"]],
            "seeds": plan.command == "ensemble",
            "lead": _lead(board, alive, plan) if control is None else control.control.sentence,
            "sentences": board["sentences"] if control is None else control.control.sentences,
            "control": None if control is None else _control(control),
            "facts": names.facts(facts),
            "synthetic": bool(facts.get("synthetic")),
            "counts": count_images(rows, facts),
            "forest": picture(folder.figures / "auroc.png"),
            "curves": picture(folder.figures / "curves.png"),
            "differences": picture(folder.figures / "differences.png"),
            "spoken": _speak(alive),
            "spoken_best": list_figures((row["name"], figure(row["auroc"].value)) for row in alive),
            "spoken_pairs": list_figures(
                (f"{pair['better']} over {pair['worse']}", Estimate(**pair["difference"])) for pair in board["pairs"]
            ),
            "callouts": _callouts(folder, facts, alive, names),
            "keep": _keep(folder, plan, alive, facts),
            "terms": _terms(plan),
            "pairs": [_pair(pair) for pair in board["pairs"]],
            "cost": [(row["name"], _cost(row)) for row in alive],
            "recipes": [(variant.name, variant.recipe.to_toml()) for variant in plan.variants],
            "command": shlex.join(["chestnut", plan.command, "--resume", str(folder.path)]),
        },
        names,
    )


def _speak(alive: Sequence[Mapping[str, Any]]) -> str:
    """Put the figures of the forest plot into words."""
    return "AUROC of every variant with its interval: " + "; ".join(f"{row['name']} {row['auroc']}" for row in alive)


def _callouts(
    folder: ComparisonFolder, facts: Mapping[str, Any], alive: Sequence[Mapping[str, Any]], names: Identities
) -> list[Callout]:
    """Return the remarks on shortcuts; a control experiment answers for itself."""
    if folder.plan.control is not None:
        return []
    return shortcut_callouts(facts, alive, read_study_audit(folder.path, facts, names))


def _keep(
    folder: ComparisonFolder, plan: ComparisonPlan, alive: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> str:
    """Return the command that trains the first variant by its recipe, for use; empty where it has no run."""
    run = folder.run(alive[0]["name"], plan.seeds[0])
    if not run.recipe_file.exists():
        return ""
    return shlex.join(["chestnut", "train", str(facts.get("root", "DATA")), "--recipe", str(run.recipe_file)])


def _control(folder: ControlFolder) -> dict[str, Any]:
    """Return what the page of a control experiment shows beside that of another comparison."""
    return {
        "arms": [(arm.sees, arm.auroc, arm.accuracy) for arm in folder.control.arms],
        "forest": picture(folder.arms_figure),
        "spoken": list_figures((arm.sees, arm.auroc) for arm in folder.control.arms),
        "inputs": picture(folder.inputs_figure),
    }


def _with_estimates(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the leaderboard with its estimates read."""
    found = {name: Estimate(**row[name]) for name in ESTIMATES if row.get(name) is not None}
    return {**row, **found}


def _lead(board: Mapping[str, Any], alive: list[dict[str, Any]], plan: ComparisonPlan) -> str:
    """Say which variant came first, and whether its lead is more than chance; of seeds, what they reach on average."""
    first = alive[0]
    tied = [row["name"] for row in alive if row["place"] == first["place"]]
    reached = f"AUROC {figure(first['auroc'].value)}"
    where = f"{count(board['images'], 'validation image')} of {count(board['patients'], 'patient')}"
    if plan.command == "ensemble":
        return f"{first['name']} was trained with {count(plan.terms.repeats, 'seed')}: on average {reached} on {where}."
    if len(alive) == 1:
        return f"Only {first['name']} finished: {reached} on {where}."
    if len(tied) == len(alive):
        return f"No variant can be told apart from the next on {where}: the highest is {first['name']}, {reached}."
    if len(tied) > 1:
        others = ", ".join(tied[1:])
        return f"{first['name']} came first with {reached} on {where}, but is not distinguishable from {others}."
    return f"{first['name']} came first with {reached} on {where}, ahead of {alive[1]['name']} by more than chance."


def _terms(plan: ComparisonPlan) -> list[tuple[str, str]]:
    terms = plan.terms
    seeds = ", ".join(str(seed) for seed in plan.seeds)
    return [
        ("Variants", str(len(plan.variants))),
        ("Share of training patients", f"{terms.fraction:.0%} of each class; validation and test whole"),
        ("Epochs", f"at most {terms.epochs} for each run; the epoch that its recipe keeps is judged"),
        ("Seed of the split", str(terms.seed)),
        ("Seeds of the runs", seeds),
        ("Threads of each run", str(plan.threads)),
    ]


def _pair(pair: Mapping[str, Any]) -> tuple[str, ...]:
    difference = Estimate(**pair["difference"])
    return (
        f"{pair['better']} over {pair['worse']}",
        figure(difference.value),
        interval(difference),
        _p(pair["p"]),
        _p(pair["adjusted"]),
        _describe(pair),
    )


def _describe(pair: Mapping[str, Any]) -> str:
    if pair["p"] is None:
        return "cannot be tested"  # a class has one patient, or none
    return "told apart" if pair["distinguishable"] else "not distinguishable"


def _p(value: float | None) -> str:
    return "–" if value is None else format_p(value).removeprefix("= ")


def _cost(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["start"],
        count(row["parameters"]),
        count(row["trained"]),
        figure(row["epochs"], 0 if float(row["epochs"]).is_integer() else 1),
        figure(row["epoch_seconds"], 1),
        count(row["images_a_second"]),
        f"{row['model_bytes'] / 1e6:,.1f}",
    )
