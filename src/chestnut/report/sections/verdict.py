"""The sentences that open a run's report: how good it is, and what stands against believing it.

Called by `run_page`; reads what the other modules of this room have read.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chestnut.evaluation.intervals import FEW_PATIENTS
from chestnut.report.render import Estimate, count, figure, interval, said
from chestnut.report.sections.evaluations import METRICS, Result, read_cells
from chestnut.report.sections.findings import Findings, Probe
from chestnut.runs.folder import RunFolder
from chestnut.runs.ledger import Look

_UNJUDGED = "Not yet judged on a test split: the figures below steered the training and flatter it."
_GUESSING = 0.5
_ORDER = ("error", "warning", "info")
_TILES = ("auroc", "sensitivity", "specificity", "accuracy")
_TILES_OF_SEVERAL = ("auroc", "balanced_accuracy", "accuracy", "mcc")


@dataclass(frozen=True)
class Callout:
    """Something that must be read before the figures, or beside them.

    Attributes:
        level: error, warning or info.
        title: In a few words.
        text: In a sentence or two.
        command: What to type; may be empty.
        section: The section that tells more; may be empty.
    """

    level: Literal["error", "warning", "info"]
    title: str
    text: str
    command: str = ""
    section: str = ""


@dataclass(frozen=True)
class Verdict:
    """The opening of a report.

    Attributes:
        lead: The most important sentence.
        more: The sentences after it.
        result: The evaluation it speaks of; None where there is none.
        tiles: Name and estimate of a few metrics of it.
        callouts: The worst first.
    """

    lead: str
    more: tuple[str, ...]
    result: Result | None
    tiles: tuple[tuple[str, Estimate], ...]
    callouts: tuple[Callout, ...]


def judge(run: RunFolder, results: Sequence[Result], findings: Findings | None) -> Verdict:
    """Choose the evaluation that counts most, and say what it shows.

    Args:
        run: The run.
        results: Its evaluations in the report's order.
        findings: Its audit; None where none was made.
    """
    result = next(iter(results), None)
    callouts = [*_on_training(run), *_on_data(findings, result), *_on_evidence(run, results)]
    ordered = tuple(sorted(callouts, key=lambda callout: _ORDER.index(callout.level)))
    if result is None:
        return Verdict("This run has not been judged on any images.", (), None, (), ordered)
    sentences = (_figures(result), *_more(run, result))
    if result.kind in ("val", "train"):
        sentences = (_UNJUDGED, *sentences)
    names = _TILES if result.held["positive"] else _TILES_OF_SEVERAL
    mean = {} if result.held["positive"] else {"auroc": "Mean AUROC"}
    tiles = tuple((mean.get(name, METRICS[name][0]), result.metric(name)) for name in names)
    return Verdict(sentences[0], sentences[1:], result, tiles, ordered)


def _figures(result: Result) -> str:
    ends = interval(result.metric("auroc"))
    doubt = "" if ends == "–" else f" (95 % interval {ends})"
    mean = "" if result.held["positive"] else "Mean "
    where = {
        "test": "the test split",
        "external": f"another data set, {result.name}",
        "val": "the validation split",
        "train": "the training split",
    }[result.kind]
    return f"{mean}AUROC {figure(result.metric('auroc')['value'])}{doubt} on {where}: {result.size}."


def _more(run: RunFolder, result: Result) -> Iterator[str]:
    held = result.held
    if held["positive"]:
        positive = held["positive"]
        negative = next(name for name in held["classes"] if name != positive)
        yield (
            f"Decided from {held['threshold']:.3g} up, it finds {_percent(result.metric('sensitivity'))} of the "
            f"{positive} images and leaves alone {_percent(result.metric('specificity'))} of the {negative} ones."
        )
    else:
        yield f"It names the right class of {_percent(result.metric('accuracy'))} of the images."
    if holdout := run.record.holdout:
        if result.kind == "test":
            yield f"These images are {holdout}, not a test split of the data's own."
    elif result.kind == "test":
        looks = len(run.own_looks)
        told = {0: "No look at the test split stands in the ledger.", 1: "The test split was looked at once."}
        yield told.get(looks, f"The test split was looked at {looks} times.")


def _percent(estimate: Estimate) -> str:
    if estimate["value"] is None:
        return "an undefined share"
    share = f"{100 * estimate['value']:.0f} %"
    if estimate["low"] is None:
        return share
    return f"{share} ({100 * estimate['low']:.0f}–{100 * estimate['high']:.0f} %)"


def _on_training(run: RunFolder) -> Iterator[Callout]:
    record, resume = run.record, shlex.join(["chestnut", "train", "--resume", str(run.path)])
    if record.status == "failed":
        yield Callout("error", "Training failed:", record.error or "The run does not say why.", "", "training")
    elif record.stopped:
        epochs = "?" if record.epochs is None else record.epochs
        text = f"It ended by hand after {epochs} of {run.recipe.train.epochs} epochs; go on by"
        yield Callout("warning", "Training was stopped early.", text, resume, "training")
    elif record.status == "training":
        done = f"{len(run.history)} of {run.recipe.train.epochs} epochs have ended"
        text = f"{done}; if nothing is training it now, go on by"
        yield Callout("warning", "Training has not ended.", text, resume, "training")


def _on_data(findings: Findings | None, result: Result | None) -> Iterator[Callout]:
    if findings is None:
        text = "Copies, patients in two splits and shortcuts such as scanner or hospital would go unnoticed."
        yield Callout("warning", "The data were not audited.", text)
        return
    if findings.shortcut is not None:
        yield _on_shortcut(findings.shortcut, result)
    elif faults := findings.errors(probes=True):
        yield Callout(
            "error", "The classes can nearly be told apart without the lungs.", faults[0].evidence, "", "audit"
        )
    if faults := findings.errors(probes=False):
        titles = "; ".join(fault.title for fault in faults)
        text = f"{titles}. The figures below are not to be believed before this is mended."
        yield Callout("error", f"The audit found {count(len(faults), 'fault')} in the data.", text, "", "audit")


def _on_shortcut(probe: Probe, result: Result | None) -> Callout:
    reached = f"A small classifier that sees only {probe.sees} reaches AUROC {said(probe.auroc)}."
    meaning = "This model's AUROC means little unless it is well above that"
    auroc = result.metric("auroc") if result is not None else {"value": None}
    if auroc["value"] is None:
        text = f"{reached} {meaning}."
    else:
        rival = probe.auroc["high"] if probe.auroc.get("high") is not None else probe.auroc["value"]
        own = auroc["low"] if auroc["low"] is not None else auroc["value"]
        above = "it stands above it, and only images from elsewhere can tell how much of that is the lungs"
        stands = above if own > rival else "it does not clearly stand above it"
        text = f"{reached} {meaning}: with {said(auroc)} {stands}."
    return Callout("error", "The classes can nearly be told apart without the lungs.", text, "", "audit")


def _has_test(run: RunFolder) -> bool:
    """Whether there is a test split to read; taken for granted of a run whose manifest is gone."""
    return not run.manifest_file.is_file() or bool((read_cells(run.manifest_file, ("split",))["split"] == "test").any())


def _on_evidence(run: RunFolder, results: Sequence[Result]) -> Iterator[Callout]:
    if results and all(result.kind != "test" for result in results) and _has_test(run):
        command = shlex.join(["chestnut", "evaluate", str(run.path), "--split", "test"])
        yield Callout(
            "info", "The test split is unread.", "When all choices are made, judge the run, once, by", command
        )
    looks = len(run.own_looks)
    if looks > 1:
        text = "Whoever looks, changes something and looks again chooses by the test split, and its figures flatter."
        yield Callout("warning", f"The test split was looked at {looks} times.", text, "", "ledger")
    if results and (low := results[0].metric("auroc")["low"]) is not None and low <= _GUESSING:
        text = f"The interval of its AUROC reaches down to {figure(low)}, and 0.5 is guessing."
        yield Callout("warning", "Not clearly better than guessing.", text)
    if results and results[0].held["patients"] < FEW_PATIENTS:
        few = f"{count(results[0].held['patients'], 'patient')} stand behind the headline."
        yield Callout(
            "warning", "Few patients.", f"Only {few} With under {FEW_PATIENTS} the intervals tend to be too narrow."
        )


def looks_lesson(looks: Sequence[Look], holdout: str = "") -> str:
    """What looks at the run's own test split mean, in a sentence or two; `holdout` names the fold that it is."""
    if holdout:
        return f"What stands as test split here is {holdout}: no test split of the data's own was looked at."
    if not looks:
        return "Nobody has looked at the test split of these data by this run, so it is still fresh."
    if len(looks) == 1:
        return "One look at the test split of these data: nothing can have been chosen by what it showed."
    same = len({look.weights for look in looks}) == 1
    return (
        f"{len(looks)} looks at the test split of these data: each look after which something was changed, in this run "
        "or the next, turns the test split into a second validation split, whose figures flatter."
        + (" All of them saw the same weights." if same else "")
    )
