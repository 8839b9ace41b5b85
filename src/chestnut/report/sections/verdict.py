"""Write the sentences that open a run's report: how good the run is, and what speaks against believing it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chestnut.evaluation.calibration.temperature import decide_alike
from chestnut.evaluation.intervals.estimate import FEW_PATIENTS, Estimate
from chestnut.evaluation.sample_size import USUAL_SHARE, USUAL_WIDTH, describe_need, patients_needed
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.render import count, figure, interval
from chestnut.report.sections.evaluations import METRICS, Result
from chestnut.report.sections.exchange import describe_exchange
from chestnut.report.sections.findings import Findings, Probe
from chestnut.report.sections.stress import StressSection
from chestnut.robustness.exchange.exchange import Exchange
from chestnut.runs.folder import RunFolder
from chestnut.runs.ledger import Look

_UNJUDGED = "Not yet judged on a test split: the figures below steered the training and flatter it."
_GUESSING = 0.5
_ORDER = ("error", "warning", "info")
_TILES = ("auroc", "sensitivity", "specificity", "accuracy")
_TILES_OF_SEVERAL = ("auroc", "balanced_accuracy", "accuracy", "mcc")


@dataclass(frozen=True)
class Callout:
    """A remark to read before the figures, or beside them.

    Attributes:
        level: How serious it is: error, warning or info.
        title: The remark in a few words.
        text: The remark in a sentence or two.
        command: The command to type; may be empty.
        section: The anchor of the section with the details; may be empty.
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
        result: The evaluation that the sentences are about; None where there is none.
        tiles: The names and estimates of a few of its metrics.
        given_away: The AUROC that framing and scanner give away on validation images; None where it is not known.
        callouts: The remarks, the most serious first.
    """

    lead: str
    more: tuple[str, ...]
    result: Result | None
    tiles: tuple[tuple[str, Estimate], ...]
    given_away: Estimate | None
    callouts: tuple[Callout, ...]


def judge(
    run: RunFolder,
    results: Sequence[Result],
    findings: Findings | None,
    exchange: Exchange | None = None,
    stresses: Sequence[StressSection] = (),
) -> Verdict:
    """Choose the evaluation that counts most and put into words what it shows.

    Args:
        run: The run.
        results: The run's evaluations, in the order of the report.
        findings: The findings of the run's audit; None where there was no audit.
        exchange: The run's exchange test; None where none was made.
        stresses: The run's stress validations, the one to quote first.
    """
    result = next(iter(results), None)
    callouts = [*_on_training(run), *_on_data(findings, result), *_on_threshold(run, result)]
    callouts += [*_on_evidence(run, results), *_on_shifts(stresses)]
    ordered = tuple(sorted(callouts, key=lambda callout: _ORDER.index(callout.level)))
    given_away = None if exchange is None else exchange.all.given_away
    more = () if exchange is None else tuple(filter(None, [describe_exchange(exchange)]))
    if result is None:
        return Verdict("This run has not been judged on any images.", more, None, (), given_away, ordered)
    sentences = (_headline(result), *_details(run, result), *more)
    if result.kind in ("val", "train") and not result.imported:
        sentences = (_UNJUDGED, *sentences)
    names = _TILES if result.evaluation.positive else _TILES_OF_SEVERAL
    mean = {} if result.evaluation.positive else {"auroc": "Mean AUROC"}
    tiles = tuple((mean.get(name, METRICS[name][0]), result.metric(name)) for name in names)
    return Verdict(sentences[0], sentences[1:], result, tiles, given_away, ordered)


def _headline(result: Result) -> str:
    ends = interval(result.metric("auroc"))
    doubt = "" if ends == "–" else f" (95 % interval {ends})"
    mean = "" if result.evaluation.positive else "Mean "
    where = {
        "test": "the test split",
        "external": f"another data set, {result.name}",
        "other": f"another data set, {result.name}, which shares images with the run",
        "val": "the validation split",
        "train": "the training split",
    }[result.kind]
    if result.metric("auroc").value is None:
        return f"{mean}AUROC is undefined on {where}: {result.size}."
    return f"{mean}AUROC {figure(result.metric('auroc').value)}{doubt} on {where}: {result.size}."


def _details(run: RunFolder, result: Result) -> Iterator[str]:
    judged = result.evaluation
    if judged.positive is not None:
        negative = next(name for name in judged.classes if name != judged.positive)
        yield (
            f"At the threshold {judged.threshold:.3g} it decides {judged.positive} for "
            f"{_percent(result.metric('sensitivity'))} of the {judged.positive} images and {negative} for "
            f"{_percent(result.metric('specificity'))} of the {negative} images."
        )
    else:
        yield f"It names the right class of {_percent(result.metric('accuracy'))} of the images."
    if holdout := run.record.holdout:
        if result.kind == "test":
            yield f"These images are {holdout}, not a test split of the data's own."
    elif result.kind == "test":
        looks = len(run.own_looks)
        words = {0: "The ledger has no look at the test split.", 1: "The test split was looked at once."}
        yield words.get(looks, f"The test split was looked at {looks} times.")


def _percent(estimate: Estimate) -> str:
    if estimate.value is None:
        return "an undefined share"
    share = f"{100 * estimate.value:.0f} %"
    if estimate.low is None or estimate.high is None:
        return share
    return f"{share} ({100 * estimate.low:.0f}–{100 * estimate.high:.0f} %)"


def _on_training(run: RunFolder) -> Iterator[Callout]:
    record, resume = run.record, shlex.join(["chestnut", "train", "--resume", str(run.path)])
    if (found := record.imported) is not None:
        told = ("The network was trained elsewhere.", f"{found.trust[0].upper()}{found.trust[1:]}.")
        yield Callout("warning", *told) if found.verified is None else Callout("info", *told)
    if record.status == "failed":
        yield Callout("error", "Training failed:", record.error or "the run does not record why.", "", "training")
    elif record.stopped:
        epochs = "?" if record.epochs is None else record.epochs
        text = f"It was stopped after {epochs} of {run.recipe.train.epochs} epochs. To continue it:"
        yield Callout("warning", "Training was stopped early.", text, resume, "training")
    elif record.status == "training":
        text = (
            f"{len(run.history)} of {run.recipe.train.epochs} epochs have ended. If nothing is training the run now, "
            "continue it:"
        )
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
        text = f"{titles}. Do not believe the figures below before this is corrected."
        yield Callout("error", f"The audit found {count(len(faults), 'fault')} in the data.", text, "", "audit")


def _on_shortcut(probe: Probe, result: Result | None) -> Callout:
    reached = f"A small classifier that sees only {probe.sees} reaches AUROC {probe.auroc}."
    meaning = "This model's AUROC means little unless it is well above that"
    own = result.metric("auroc") if result is not None else Estimate(None)
    if own.value is None:
        text = f"{reached} {meaning}."
    else:
        above = "it is, and only images from elsewhere can tell how much of the difference is due to the lungs"
        verdict = above if _lower_end(own) > _upper_end(probe.auroc) else "it is not clearly above it"
        text = f"{reached} {meaning}: at {own} {verdict}."
    return Callout("error", "The classes can nearly be told apart without the lungs.", text, "", "audit")


def _lower_end(estimate: Estimate) -> float:
    return next(value for value in (estimate.low, estimate.value, 0.0) if value is not None)


def _upper_end(estimate: Estimate) -> float:
    return next(value for value in (estimate.high, estimate.value, 0.0) if value is not None)


def _has_test(run: RunFolder) -> bool:
    """Tell whether the run has a test split; without its manifest, assume that it has."""
    return (rows := run.rows) is None or "test" in set(rows["split"])


def _on_threshold(run: RunFolder, result: Result | None) -> Iterator[Callout]:
    bundle = find_run_bundle(run)
    if result is None or bundle is None or decide_alike(result.cut, (bundle.threshold, bundle.temperature)):
        return
    text = (
        f"The figures below are at {result.evaluation.threshold:.3g}, and by now the run decides at "
        f"{bundle.decided_at}. To see its figures there, evaluate it again"
    )
    if result.kind not in ("test", "val", "train"):
        yield Callout("warning", "The threshold has changed.", f"{text} on these data.", "", "calibration")
        return
    command = shlex.join(["chestnut", "evaluate", str(run.path), "--split", result.kind])
    look = ", which is one more look at the test split" if result.kind == "test" else ""
    yield Callout("warning", "The threshold has changed.", f"{text}{look}:", command, "calibration")


def _on_evidence(run: RunFolder, results: Sequence[Result]) -> Iterator[Callout]:
    if results and all(result.kind != "test" for result in results) and _has_test(run):
        command = shlex.join(["chestnut", "evaluate", str(run.path), "--split", "test"])
        yield Callout(
            "info", "The test split is unread.", "When all choices are made, evaluate the run on it once:", command
        )
    looks = len(run.own_looks)
    if looks > 1:
        text = (
            "Changing something after a look and looking again means choosing by the test split; its figures flatter."
        )
        yield Callout("warning", f"The test split was looked at {looks} times.", text, "", "ledger")
    if results and (low := results[0].metric("auroc").low) is not None and low <= _GUESSING:
        text = f"The interval of its AUROC reaches down to {figure(low)}, and 0.5 is guessing."
        yield Callout("warning", "Not clearly better than guessing.", text)
    if results:
        yield from _on_patients(results[0])
        yield from _on_groups(results[0])


def _on_shifts(stresses: Sequence[StressSection]) -> Iterator[Callout]:
    """Name the worst shift, and what becomes of the figures under it."""
    if not stresses:
        return
    plain, worst = stresses[0].plain, stresses[0].worst
    number = len(stresses[0].shifts)
    which = f"Under the worst of {number} shifts, `{worst.name}`" if number > 1 else f"Under the shift `{worst.name}`"
    changes = [
        f"{name} is {figure(after.value)} instead of {figure(before.value)}"
        for name, before, after in (
            ("sensitivity", plain.sensitivity, worst.figures.sensitivity),
            ("specificity", plain.specificity, worst.figures.specificity),
            ("AUROC", plain.auroc, worst.figures.auroc),
        )
    ]
    text = f"{which}, {changes[0]}, {changes[1]}, and {changes[2]}."
    if stresses[0].fails:
        yield Callout("warning", "Images of another scanner may be decided wrongly.", text, "", "shifts")
    else:
        yield Callout("info", "No shift costs much.", text, "", "shifts")


def _on_patients(result: Result) -> Iterator[Callout]:
    """Say how many patients would be needed where there are few, or few with the disease."""
    judged, ill = result.evaluation, result.ill
    if judged.patients >= FEW_PATIENTS and (ill is None or ill >= FEW_PATIENTS):
        return
    known = "" if ill is None else f", {ill:,} of them with {judged.positive}"
    needed = (
        f"A 95 % interval of about ±{USUAL_WIDTH / 2:g} at a sensitivity of {USUAL_SHARE:g} needs "
        f"{patients_needed():,} patients with the disease."
        if ill is None
        else describe_need(str(judged.positive), ill)
    )
    text = (
        f"The headline rests on only {count(judged.patients, 'patient')}{known}, so its intervals are wide: they show "
        f"what so few can tell. {needed}"
    )
    command = f"chestnut plan --sensitivity {USUAL_SHARE:g} --width {USUAL_WIDTH:g}"
    yield Callout("warning", "Few patients.", text, command)


def _on_groups(result: Result) -> Iterator[Callout]:
    """Point out groups of images in which the network does better or worse than in others."""
    differing = [
        (one.column, group.name)
        for one in result.evaluation.subgroups
        for group in one.groups
        if any(difference.stands_out for difference in group.differences.values())
    ]
    if differing:
        named = ", ".join(f"{column} {name}" for column, name in differing)
        text = f"By more than chance, its figures are better or worse for: {named}. One figure for all hides that."
        yield Callout("warning", "Not all groups are judged alike.", text, "", f"result-{result.name}")


def explain_looks(looks: Sequence[Look], holdout: str = "") -> str:
    """Say what the looks at the run's own test split mean for its figures.

    Args:
        looks: The entries of the ledger about the run's own test split.
        holdout: The name of the fold that serves as the run's test split; empty where the data have their own.
    """
    if holdout:
        return f"The test split of this run is {holdout}; no test split of the data themselves was looked at."
    if not looks:
        return "This run has never been used to look at the test split of these data, so the split is still fresh."
    if len(looks) == 1:
        return "There was one look at the test split of these data, so nothing can have been chosen by what it showed."
    same = len({look.weights for look in looks}) == 1
    return (
        f"There were {len(looks)} looks at the test split of these data. Every look after which something was changed, "
        "in this run or a later one, makes the test split more of a validation split, whose figures flatter."
        + (" All looks saw the same weights." if same else "")
    )
