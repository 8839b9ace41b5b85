"""`Diagnosis`: what all rules together say of a run's training; `diagnose` makes it from a run's folder.

Called by `api`, `cli` and `report`; calls `advice` and its rules, and `runs`. It reads CSV and JSON alone, and judges
the run on no images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chestnut.config import ClassicalConfig, EnsembleConfig
from chestnut.diagnosis import (
    stopping_rules,  # noqa: F401  they enter their rules
)
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.learning_curves import Curves
from chestnut.diagnosis.rules import RULES, SEVERITIES, Advice, figure
from chestnut.errors import DataError
from chestnut.files.json_files import read_json
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["mend", "sound", "open"]

#: Rules that a run without a look at the test split does without.
_MAY_LACK = {"shortcut-or-shift"}
#: What the audit's probes see of an image.
_PROBES = {
    "probe-facts": "only facts of the file",
    "probe-statistics": "only intensity and sharpness statistics",
    "probe-border": "only the border",
}


@dataclass(frozen=True)
class Diagnosis:
    """What the rules say of a run.

    Attributes:
        epochs: Epochs that were run.
        kept: The epoch whose weights are kept, from 1; 0 where there is none.
        advice: What was found, the worst first.
        passed: Names of the rules that found nothing.
        skipped: Why a rule could not judge, by its name.
        summary: How training went, in a sentence.
    """

    epochs: int
    kept: int
    advice: tuple[Advice, ...]
    passed: tuple[str, ...]
    skipped: Mapping[str, str]
    summary: str

    @property
    def verdict(self) -> Verdict:
        """`mend` where there is an error or a warning; else `sound`, or `open` where a rule had too little to judge."""
        if any(one.severity != "info" for one in self.advice):
            return "mend"
        return "open" if set(self.skipped) - _MAY_LACK else "sound"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: `epochs`, `kept`, `verdict`, `summary`, `advice` (see `Advice.to_dict`), `passed`, `skipped`."""
        return {
            "epochs": self.epochs,
            "kept": self.kept,
            "verdict": self.verdict,
            "summary": self.summary,
            "advice": [one.to_dict() for one in self.advice],
            "passed": list(self.passed),
            "skipped": dict(self.skipped),
        }


def diagnose(run: RunFolder) -> Diagnosis:
    """Say how a run's training went, from the files it left.

    Args:
        run: The run; it need not have ended.

    Raises:
        RunError: A file that the run cannot be without is missing or damaged.
        DataError: The history or the manifest is no table, or the run is an ensemble, which has no history.
    """
    if isinstance(model := run.recipe.model, EnsembleConfig):
        raise DataError(
            f"{run.path} is an ensemble, which is not trained and has no learning curves; diagnose its members, "
            f"such as {model.members[0]}"
        )
    return apply_rules(read_case(run))


def apply_rules(case: Case) -> Diagnosis:
    """Ask every rule. A loss that diverged leaves nothing else to be read, so that then no other one is asked.

    Nor is any asked of a network that was fitted: it took no steps, and one row of history stands for all of it.
    """
    if isinstance(case.recipe.model, ClassicalConfig):
        why = f"{case.recipe.model.network} is fitted, not trained by steps"
        return Diagnosis(case.curves.epochs, case.kept, (), (), dict.fromkeys(RULES, why), _summary(case))
    with np.errstate(all="ignore"):
        away = RULES["diverged"](case)
    skipped = {name: "the loss diverged" if away else one.lacks(case) for name, one in RULES.items()}
    skipped = {name: reason for name, reason in skipped.items() if reason and not (away and name == "diverged")}
    asked = [name for name in RULES if name not in skipped]
    with np.errstate(all="ignore"):  # an infinite figure makes others undefined, and no rule speaks on those
        found = {name: advice for name in asked if (advice := RULES[name](case))}
    return Diagnosis(
        case.curves.epochs,
        case.kept,
        tuple(sorted(found.values(), key=lambda one: SEVERITIES.index(one.severity))),
        tuple(name for name in asked if name not in found),
        skipped,
        _summary(case),
    )


def _summary(case: Case) -> str:
    """How the two losses went, as far as they are known."""
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
    told = ", ".join(parts)
    return f"{told[:1].upper()}{told[1:]}." if told else f"{case.curves.epochs} epochs, without any losses."


def read_case(run: RunFolder) -> Case:
    """Gather what a run's files say of its training; raises as `diagnose`."""
    record, facts = run.record, run.facts
    frame = _table(run)
    classes = [str(name) for name in facts.get("classes", ())]
    train, val = (frame[frame["split"] == name] for name in ("train", "val"))
    return Case(
        curves=_curves(run),
        recipe=run.recipe,
        train=tuple(int((train["label"] == name).sum()) for name in classes),
        val=tuple(int((val["label"] == name).sum()) for name in classes),
        val_patients=tuple(int(val.loc[val["label"] == name, "patient"].nunique()) for name in classes),
        ended=record.stopped_by or "",
        error=record.error or "",
        best=record.best_epoch,
        results=_results(run, str(facts.get("root"))),
        probes=_probes(run),
    )


def _curves(run: RunFolder) -> Curves:
    import pandas as pd

    try:
        history = run.history
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{run.history_file} is not a table ({error}); restore it from a copy") from error
    return Curves.of({str(name): history[name].tolist() for name in history})


def _table(run: RunFolder) -> pd.DataFrame:
    """Label, patient and split of every image; empty without a manifest."""
    import pandas as pd

    columns = ["label", "patient", "split"]
    if not run.manifest_file.is_file():
        return pd.DataFrame(columns=columns, dtype=str)
    try:
        return pd.read_csv(run.manifest_file, dtype=str, keep_default_na=False, usecols=columns)
    except (ValueError, UnicodeDecodeError) as error:  # pandas' own errors are ValueErrors
        raise DataError(f"{run.manifest_file} is not a manifest ({error}); restore it from a copy") from error


def _results(run: RunFolder, root: str) -> dict[str, Mapping[str, Any]]:
    """Metrics of the evaluations of the run's own splits; another data set may be named like one."""
    found = {name: run.metrics(name) for name in run.evaluations() if name in ("val", "test")}
    return {name: held.get("metrics", {}) for name, held in found.items() if held.get("data", root) == root}


def _probes(run: RunFolder) -> tuple[tuple[str, float], ...]:
    """The audit's probes that were errors: they told the classes apart without the lungs."""
    if not run.audit_file.is_file():
        return ()
    findings = read_json(run.audit_file).get("findings", ())
    faults = [one for one in findings if one.get("severity") == "error" and one.get("name") in _PROBES]
    return tuple((_PROBES[one["name"]], float(one["figures"]["auroc"])) for one in faults)
