"""The first sentence of a diagnosis, which follows from the findings and from how good the network is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chestnut.config import BackboneConfig, ClassicalConfig
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.rules import RULES, Advice
from chestnut.evaluation.intervals.estimate import Estimate

Verdict = Literal["mend", "weak", "sound", "open"]

#: A validation AUROC below this is called low: 20 of 100 pairs of a positive and a negative image are ordered wrongly.
LOW_AUROC = 0.8

#: The rule that a run without a look at the test split does without.
_MAY_LACK = {"shortcut-or-shift"}


def judge(advice: Sequence[Advice], skipped: Sequence[str], auroc: Estimate | None) -> Verdict:
    """Return what follows from the findings.

    Args:
        advice: The findings.
        skipped: The names of the rules that could not judge.
        auroc: The validation AUROC; None where it is unknown.

    Returns:
        `mend` where there is an error or a warning; otherwise `weak` where the AUROC is low, `open` where a rule had
        too little to judge, and `sound`.
    """
    if any(one.severity != "info" for one in advice):
        return "mend"
    if _is_low(auroc):
        return "weak"
    return "open" if set(skipped) - _MAY_LACK else "sound"


def write_headline(case: Case, advice: Sequence[Advice], skipped: Sequence[str], auroc: Estimate | None) -> str:
    """Return one to four sentences that say whether the training needs a change.

    Args:
        case: The training.
        advice: The findings, the worst first.
        skipped: The names of the rules that could not judge.
        auroc: The validation AUROC; None where it is unknown.
    """
    verdict = judge(advice, skipped, auroc)
    if verdict == "weak":
        return (
            f"No finding calls for a change, but validation AUROC is only {auroc}, where 0.5 is guessing and 1 is "
            f"perfect. {_suggest(case)} The images may also not show the answer, or their labels may be wrong."
        )
    first = _call_for_change(advice) if verdict == "mend" else _report_no_fault(case, advice, skipped)
    return f"{first} {_describe(auroc)}".strip()


def _report_no_fault(case: Case, advice: Sequence[Advice], skipped: Sequence[str]) -> str:
    """Say what follows where no finding is worse than a note."""
    if isinstance(case.recipe.model, ClassicalConfig):
        return f"{case.recipe.model.network} is fitted, not trained in steps, so there are no learning curves to judge."
    if not case.curves.epochs:
        return "It is too early to judge."
    if advice:
        notes = "see the note below" if len(advice) == 1 else f"see the {len(advice)} notes below"
        return f"No finding calls for a change; {notes}."
    if lacking := len(set(skipped) - _MAY_LACK):
        return f"No rule found a fault, but {lacking} of {len(RULES)} had too little to judge."
    return "Nothing to change: no rule found a fault."


def _call_for_change(advice: Sequence[Advice]) -> str:
    """Say how many findings call for a change, and name the worst, which comes first."""
    count = sum(one.severity != "info" for one in advice)
    if count == 1:
        return f"One finding calls for a change: {_lower(advice[0].title)}."
    return f"{count} findings call for a change, above all: {_lower(advice[0].title)}."


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _describe(auroc: Estimate | None) -> str:
    if auroc is None:
        return ""
    return f"Validation AUROC is {'only ' if _is_low(auroc) else ''}{auroc}."


def _is_low(auroc: Estimate | None) -> bool:
    return auroc is not None and auroc.value is not None and auroc.value < LOW_AUROC


def _suggest(case: Case) -> str:
    """Say what may help a network that learns as it should and is still poor."""
    if isinstance(case.recipe.model, BackboneConfig):
        return "Try more images, a larger input, or a larger `model.unfreeze`."
    return "Try more images, a larger input, or a pretrained network such as the recipe mobilenet-v2."
