"""`Diagnosis`: what all rules together say about the training of a run, from its tables and without any image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chestnut.config import ClassicalConfig, EnsembleConfig, ImportedConfig
from chestnut.diagnosis import (
    stopping_rules,  # noqa: F401  importing a module of rules registers them
)
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.headline import Verdict, judge, write_headline
from chestnut.diagnosis.learning_curves import Curves
from chestnut.diagnosis.rules import RULES, SEVERITIES, Advice, figure
from chestnut.errors import DataError
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

#: What the audit's probes see of an image.
_PROBES = {
    "probe-facts": "only facts of the file",
    "probe-statistics": "only intensity and sharpness statistics",
    "probe-border": "only the border",
    "probe-outside": "only the image outside the lungs",
    "probe-geometry": "only the lungs' geometry",
    "probe-dimensions": "only the pictures' dimensions",
}


@dataclass(frozen=True)
class Diagnosis:
    """What the rules say about a run.

    Attributes:
        epochs: The number of epochs that were run.
        kept: The epoch whose weights are kept, from 1; 0 where there is none.
        headline: Whether anything should change, in one to three sentences.
        summary: How training went, in a sentence.
        auroc: The validation AUROC of the kept weights, with its interval once it is evaluated; None where unknown.
        advice: The findings, the worst first.
        passed: The names of the rules that found nothing.
        skipped: Why a rule could not judge, by its name.
    """

    epochs: int
    kept: int
    headline: str
    summary: str
    auroc: Estimate | None
    advice: tuple[Advice, ...]
    passed: tuple[str, ...]
    skipped: Mapping[str, str]

    @classmethod
    def of(
        cls, case: Case, advice: tuple[Advice, ...], passed: tuple[str, ...], skipped: Mapping[str, str]
    ) -> Diagnosis:
        """Make the diagnosis of a case from what its rules found."""
        auroc = _auroc(case)
        headline = write_headline(case, advice, list(skipped), auroc)
        return cls(case.curves.epochs, case.kept, headline, _summary(case), auroc, advice, passed, skipped)

    @property
    def verdict(self) -> Verdict:
        """What follows from the findings.

        `mend` where there is an error or a warning; otherwise `weak` where the validation AUROC is low, `open` where a
        rule had too little to judge, and `sound`.
        """
        return judge(self.advice, list(self.skipped), self.auroc)

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis for JSON: the attributes, and `verdict`."""
        return {
            "epochs": self.epochs,
            "kept": self.kept,
            "verdict": self.verdict,
            "headline": self.headline,
            "summary": self.summary,
            "auroc": self.auroc.to_dict() if self.auroc else None,
            "advice": [one.to_dict() for one in self.advice],
            "passed": list(self.passed),
            "skipped": dict(self.skipped),
        }

    def _repr_html_(self) -> str:
        rows = [(one.severity, one.title, one.evidence, " ".join(one.settings)) for one in self.advice]
        passed = "; ".join(RULES[name].holds for name in self.passed)
        skipped = "; ".join(f"{name}: {reason}" for name, reason in self.skipped.items())
        notes = [self.summary]
        notes += [f"In order: {passed}."] if passed else []
        notes += [f"Not judged: {skipped}."] if skipped else []
        return html_table(rows, ("severity", "finding", "evidence", "try") if rows else (), self.headline, notes)


def diagnose(run: RunFolder) -> Diagnosis:
    """Judge how a run's training went, from the files in its folder.

    Args:
        run: The run, which may still be training.

    Raises:
        RunError: A required file is missing or damaged.
        DataError: The history or the manifest is not a table, or the run is an ensemble, which has no history.
    """
    if isinstance(run.recipe.model, ImportedConfig):
        raise DataError(f"{run.path} was imported, so its learning curves are not known; chestnut info shows the run")
    if isinstance(model := run.recipe.model, EnsembleConfig):
        raise DataError(
            f"{run.path} is an ensemble, which is not trained and has no learning curves; diagnose its members, "
            f"such as {model.members[0]}"
        )
    return apply_rules(read_case(run))


def apply_rules(case: Case) -> Diagnosis:
    """Apply every rule to a case.

    Where the loss diverged, nothing else can be read from the curves, and no other rule is applied. None is applied to
    a classical network, which is fitted without steps: one row of history stands for all of it.
    """
    if isinstance(case.recipe.model, ClassicalConfig):
        reason = f"{case.recipe.model.network} is fitted, not trained in steps"
        return Diagnosis.of(case, (), (), dict.fromkeys(RULES, reason))
    with np.errstate(all="ignore"):  # an infinite figure makes others undefined, and no rule reports those
        diverged = RULES["diverged"](case)
        skipped = {name: "the loss diverged" if diverged else rule.lacks(case) for name, rule in RULES.items()}
        skipped = {name: reason for name, reason in skipped.items() if reason and not (diverged and name == "diverged")}
        applied = [name for name in RULES if name not in skipped]
        found = {name: advice for name in applied if (advice := RULES[name](case))}
    ordered = sorted(found.values(), key=lambda one: SEVERITIES.index(one.severity))
    return Diagnosis.of(case, tuple(ordered), tuple(name for name in applied if name not in found), skipped)


def _auroc(case: Case) -> Estimate | None:
    """Return the validation AUROC, from the evaluation of the kept weights or else from the curve."""
    if not case.curves.epochs:
        return None
    known = case.results.get("val", {}).get("auroc") or {}
    if known.get("value") is not None:
        return Estimate(known["value"], known.get("low"), known.get("high"), known.get("undefined", 0))
    value = case.at_kept("val_auroc")
    return Estimate(value) if math.isfinite(value) else None


def _summary(case: Case) -> str:
    """Say how the two losses developed, as far as they are known."""
    if not case.curves.epochs:
        return "No epoch has ended."
    parts = []
    losses = case.curves["loss"]
    if case.curves.has("loss"):
        start = f"{case.guess:.3f} (guessing by the class shares)" if np.isfinite(case.guess) else figure(losses[0])
        parts.append(f"the training loss went from {start} to {figure(losses[-1])}")
    if case.kept:
        best = figure(case.at_kept(case.recipe.train.stop.metric))
        parts.append(f"{case.metric_name} was best, {best}, in epoch {case.kept} of {case.curves.epochs}")
    if case.val:
        parts.append(f"on {case.behind}")
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else f"{case.curves.epochs} epochs, without any losses."


def read_case(run: RunFolder) -> Case:
    """Gather what a run's files say about its training; raises what `diagnose` raises."""
    record, facts = run.record, run.facts
    frame = _read_manifest(run)
    classes = [str(name) for name in facts.get("classes", ())]
    train, val = (frame[frame["split"] == name] for name in ("train", "val"))
    return Case(
        curves=_read_curves(run),
        recipe=run.recipe,
        train=tuple(int((train["label"] == name).sum()) for name in classes),
        val=tuple(int((val["label"] == name).sum()) for name in classes),
        val_patients=tuple(int(val.loc[val["label"] == name, "patient"].nunique()) for name in classes),
        ended=record.stopped_by or "",
        error=record.error or "",
        best=record.best_epoch,
        results=_read_results(run, str(facts.get("root"))),
        probes=_read_probes(run),
    )


def _read_curves(run: RunFolder) -> Curves:
    history = run.history
    return Curves.of({str(name): history[name].tolist() for name in history})


def _read_manifest(run: RunFolder) -> pd.DataFrame:
    """Return the label, patient and split of every image; empty without a manifest."""
    import pandas as pd

    columns = ["label", "patient", "split"]
    rows = run.rows
    return pd.DataFrame(columns=columns, dtype=str) if rows is None else rows[columns]


def _read_results(run: RunFolder, root: str) -> dict[str, Mapping[str, Any]]:
    """Return the metrics of the run's own splits; another data set may have the name of a split."""
    found = {name: run.metrics(name) for name in run.evaluations() if name in ("val", "test")}
    return {name: held.get("metrics", {}) for name, held in found.items() if held.get("data", root) == root}


def _read_probes(run: RunFolder) -> tuple[tuple[str, float], ...]:
    """Return the audit's probes that told the classes apart without the lungs, which are errors."""
    findings = (run.audit or {}).get("findings", ())
    faults = [one for one in findings if one["severity"] == "error" and one["name"] in _PROBES]
    return tuple((_PROBES[one["name"]], float(one["figures"]["auroc"])) for one in faults)
