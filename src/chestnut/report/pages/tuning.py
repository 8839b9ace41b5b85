"""Write the page of a search for settings."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import stdev
from typing import Any

from chestnut.errors import RunError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import heading, in_words
from chestnut.files.reading import read_text
from chestnut.report.identities import Identities
from chestnut.report.render import count, duration, figure, interval, list_figures, picture, write_page
from chestnut.report.sections.counts import count_images
from chestnut.report.sections.study_callouts import read_study_audit, shortcut_callouts
from chestnut.studies.tuning.plan import TuneFolder

# The style of each state's chip; the states are in the order of the table.
_CHIPS = {"finished": "info", "pruned": "synthetic", "running": "synthetic", "failed": "error"}


# The most trials whose scores are put into words; the table has all.
_SPOKEN = 30


def write_tune_page(folder: TuneFolder, path: Path, *, identities: bool = False) -> None:
    """Write a search as one HTML file that opens offline.

    Args:
        folder: A search whose tune.json was written.
        path: The page to write.
        identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in their
            place, which identities.csv in the folder explains.

    Raises:
        RunError: tune.json is missing, or a file is damaged.
        DiskError: The disk is full or not writable.
    """
    if not folder.result_file.exists():
        raise RunError(f"{folder.path} has no tune.json yet; repeat the command that began it")
    result, facts = folder.result, folder.facts
    rows = folder.rows
    names = Identities.of_folder(folder.path, facts, rows, shown=identities)
    root, threads = str(facts.get("root", "DATA")), str(folder.plan.threads)
    drawn = {name: picture(folder.figures / f"{name}.png") for name in ("history", "importance", "parallel")}
    write_page(
        path,
        "tune.html",
        {
            "title": folder.path.resolve().name,
            "result": result,
            "objective": in_words(result["objective"]),
            "lead": result["sentences"][0] if result["sentences"] else "No trial has finished.",
            "facts": names.facts(facts),
            "synthetic": bool(facts.get("synthetic")),
            "counts": count_images(rows, facts),
            "tiles": _tiles(result),
            "spoken": _speak(result),
            "settings": _settings(result),
            "fields": list(result["space"]),
            "trials": _trials(result),
            "drawn": drawn,
            "terms": _terms(result),
            "callouts": shortcut_callouts(facts, audited=read_study_audit(folder.path, facts, names)),
            "best": _read_best(folder.best_file),
            "command": shlex.join(["chestnut", "train", root, "--recipe", str(folder.best_file), "--threads", threads]),
        },
        names,
    )


def _read_best(path: Path) -> str | None:
    return read_text(path, "restore it from a copy or search again") if path.exists() else None


def _speak(result: Mapping[str, Any]) -> dict[str, str]:
    """Put the figures into words: the scores of all trials, the share of each setting, and the best trial."""
    own = [] if result["default"] is None else [("the recipe", figure(result["default"]["score"]))]
    scores = [(f"trial {one['number']}", figure(one["score"])) for one in result["trials"] if one["score"] is not None]
    best = _best(result)
    values = [] if best is None else [(field, _write(value)) for field, value in best["values"].items()]
    score = [] if best is None else [("score", figure(best["score"]))]
    shares = [(field, _share(share)) for field, share in result["importance"].items()]
    return {
        "scores": list_figures([*own, *scores[:_SPOKEN]]),
        "shares": list_figures(shares),
        "best": list_figures([*values, *score]),
    }


def _tiles(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the key figures: name, figure, and a remark on it."""
    trials, objective = result["trials"], in_words(result["objective"])
    states = Counter(trial["state"] for trial in trials)
    best = _best(result)
    tiles = []
    if (gain := result["gain"]) is not None and gain["value"] is not None:
        ends = interval(Estimate(gain["value"], gain["low"], gain["high"]))
        tiles.append((f"Corrected gain in {objective}", figure(gain["value"]), f"95 % {ends}"))
    if best is not None:
        tiles.append((f"Best {objective}", figure(best["score"]), f"trial {best['number']}, flattered by the choice"))
    if result["default"] is not None:
        tiles.append((f"{heading(result['objective'])} of the recipe", figure(result["default"]["score"]), ""))
    others = ", ".join(f"{states[state]} {state}" for state in ("pruned", "failed", "running") if states[state])
    tiles.append(("Trials finished", count(states["finished"]), f"of {len(trials)}{': ' + others if others else ''}"))
    seconds = sum(trial["seconds"] for trial in (*trials, *filter(None, [result["default"]])))
    tiles.append(("Time of all trials", duration(seconds), "one after the other"))
    return tiles


def _best(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((trial for trial in result["trials"] if trial["number"] == result["best"]), None)


def _settings(result: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return for each searched field its name, its range, the best trial's value and its share of the differences."""
    values = (_best(result) or {"values": {}})["values"]
    shares = result["importance"]
    return [
        (field, words, _write(values.get(field)), _share(shares.get(field))) for field, words in result["space"].items()
    ]


def _trials(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the table of trials: the finished by score, then the pruned, the running and the failed."""
    sign = 1 if result["objective"] == "loss" else -1
    order = list(_CHIPS)

    def rank(trial: Mapping[str, Any]) -> tuple[int, bool, float, int]:
        score = trial["score"]
        return order.index(trial["state"]), score is None, 0.0 if score is None else sign * score, trial["number"]

    own = [] if result["default"] is None else [result["default"]]
    return [_trial_row(trial, result) for trial in (*own, *sorted(result["trials"], key=rank))]


def _trial_row(trial: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    scores = [score for score in trial["scores"] if score is not None]
    return {
        "name": "default" if trial["number"] < 0 else str(trial["number"]),
        "own": trial["number"] < 0,
        "best": trial["number"] == result["best"],
        "state": trial["state"],
        "chip": _CHIPS.get(trial["state"], "info"),
        "score": figure(trial["score"]),
        "spread": f"± {figure(stdev(scores))}" if len(scores) > 1 else "",
        "known": bool(trial["values"]),
        "values": [_write(trial["values"].get(field)) for field in result["space"]],
        "epochs": count(trial["epochs"]),
        "time": duration(trial["seconds"]),
        "error": trial["error"],
    }


def _share(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{share:.0%}" if share >= 0.005 else "under 1%"


def _write(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_write(one) for one in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _terms(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    objective = in_words(result["objective"])
    kept = "the lowest" if result["objective"] == "loss" else "the highest"
    return [
        ("Recipe", result["recipe"]),
        ("Search", result["search"]),
        ("Objective", f"validation {objective}, {kept} mean over the executions of a trial"),
        ("Trials", count(len(result["trials"]))),
        ("Executions of each trial", f"{result['executions']}, each with its own seed"),
    ]
