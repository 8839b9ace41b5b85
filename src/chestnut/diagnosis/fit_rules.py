"""Rules on the fit: underfitting, overfitting, and a fit to images unlike those of the test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chestnut.auditing.findings import share
from chestnut.diagnosis import remedies
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.learning_curves import noise, slope, smoothed
from chestnut.diagnosis.learning_rate_rules import HALF, rate_too_high, rate_too_low
from chestnut.diagnosis.rules import Advice, figure, rule
from chestnut.evaluation.metric_names import in_words

_NOTHING, _LEVEL = 0.02, 0.05
_RISE, _ERRORS, _AFTER = 0.1, 2.0, 3
#: The standard error of the median of normal values, as a multiple of that of their mean: √(π/2).
_OF_MEDIAN = math.sqrt(math.pi / 2)
_LEAD = 0.05
_RANKS = 0.01
_DROP = 0.02


@rule(
    "underfitting",
    looks_at="training and validation loss relative to the loss of guessing, and whether the training loss still falls",
    threshold=f"neither is down by {share(HALF)} of the loss of guessing, as many epochs again would lower the "
    f"training loss by less than {share(_LEVEL)} of it, and no rule on the rate applies",
    source="Goodfellow, Bengio and Courville, Deep Learning (2016), §5.2; the share is McFadden's pseudo-R² (1974)",
    holds="the network fits its training images",
    needs=("loss", "val_loss", "images"),
    epochs=4,
)
def underfitting(case: Case) -> Advice | None:
    """Detect that neither training nor validation loss gets far, and the training loss has levelled off."""
    losses = case.curves["loss"]
    best = min(float(np.nanmin(losses)), float(np.nanmin(case.curves["val_loss"])))
    gone = case.explained(best)
    gain = -slope(losses[len(losses) // 2 :]) * len(losses)
    if not gone < HALF or not gain < _LEVEL * case.guess or rate_too_high(case) or rate_too_low(case):
        return None
    nothing = gone < _NOTHING
    evidence = (
        f"The loss of guessing by the class shares is {case.guess:.3f}. The lowest loss of training and validation is "
        f"{figure(best)}, {share(max(gone, 0))} less, and the training loss has levelled off at {figure(losses[-1])}."
    )
    return Advice(
        "error" if nothing else "warning",
        f"Underfitting: the network has learnt {'nothing' if nothing else 'little'}",
        evidence,
        remedies.loosen(case.recipe),
        {"explained": gone, "lowest_loss": best, "guess": case.guess},
    )


def learns_little(case: Case) -> bool:
    """Return whether something worse is wrong than when training stops."""
    return any(deeper(case) for deeper in (rate_too_high, rate_too_low, underfitting))


@rule(
    "overfitting",
    looks_at="the validation loss, in medians of three epochs, after its lowest point, while the training loss still "
    "falls",
    threshold=f"at least {_AFTER} epochs later, the median of the later half of the epochs since then is above it by "
    f"{share(_RISE)} and by {_ERRORS:g} standard errors, which follow from the noise of the curve",
    source="Prechelt 1998, Early Stopping - But When?, LNCS 1524:55-69; noise by Gasser, Sroka and Jennen-Steinmetz "
    "1986, Biometrika 73:625-633",
    holds="the validation loss did not rise again",
    needs=("loss", "val_loss"),
    epochs=_AFTER + 1,
)
def overfitting(case: Case) -> Advice | None:
    """Detect that the validation loss rises while the training loss still falls."""
    turn = _turn(case)
    if not turn:
        return None
    losses, held = case.curves["loss"], case.curves["val_loss"]
    weights = f"The weights of epoch {case.kept}" if case.kept else "The weights from before training"
    before = f"{weights} were kept{', from before it began' if case.kept <= turn else ''}."
    evidence = (
        f"After epoch {turn} the validation loss rose from {held[turn - 1]:.3f} to {held[-1]:.3f}, while the training "
        f"loss fell from {losses[turn - 1]:.3f} to {losses[-1]:.3f}. {before}"
    )
    return Advice(
        "warning" if _lead(case, case.kept) else "info",
        f"Overfitting from epoch {turn + 1} on",
        " ".join([evidence, *_compare_patiences(case)]),
        remedies.restrain(case.recipe),
        {"turn": turn, "kept": case.kept, "lowest": float(held[turn - 1]), "last": float(held[-1])},
    )


def _turn(case: Case) -> int:
    """Return the epoch, from 1, after which the validation loss rises and stays higher; 0 where it does not."""
    held, losses = case.curves["val_loss"], case.curves["loss"]
    course = smoothed(held)
    lowest = int(np.nanargmin(course))
    after = held[lowest + 1 :]
    late = after[len(after) // 2 :]
    if len(after) < _AFTER or not np.isfinite(late).any() or not losses[-1] < losses[lowest]:
        return 0
    rise = float(np.nanmedian(late)) - course[lowest]
    if not rise >= _RISE * course[lowest] or rise < _ERRORS * _OF_MEDIAN * noise(held) / math.sqrt(len(late)):
        return 0
    # The median may move a sharp minimum by one epoch.
    near = slice(max(lowest - 1, 0), lowest + 2)
    return near.start + int(np.nanargmin(held[near])) + 1


def _compare_patiences(case: Case) -> Iterator[str]:
    """Say what shorter patiences would have kept, according to the recorded curve."""
    full, sooner = case.stop(0), [case.stop(patience) for patience in range(1, case.curves.epochs)]
    same = next((number for number, stop in enumerate(sooner, 1) if stop.kept == full.kept), 0)
    if not full.kept or not same:
        return
    saved = case.curves.epochs - sooner[same - 1].epochs
    if saved:
        yield f"A patience of {same} would have kept the same epoch and saved {saved} of {case.curves.epochs} epochs."
    if same > 1:
        less = sooner[same - 2]
        lost = abs(full.value - less.value)
        yield f"A patience of {same - 1} would have kept epoch {less.kept} and lost {lost:.3f} in {case.metric_name}."


@rule(
    "running-ahead",
    looks_at="accuracy in training compared with validation, up to the last epoch",
    threshold=f"in each of the last {_AFTER} epochs, a lead of more than {share(_LEAD)} that the number of validation "
    "patients does not explain (binomial, 95 %), with the validation loss above the training loss; not where "
    "overfitting applies",
    source="Goodfellow, Bengio and Courville, Deep Learning (2016), §5.2; binomial standard error",
    holds="accuracy in training is not higher than in validation beyond chance",
    needs=("accuracy", "val_accuracy", "val_loss", "loss", "images"),
    epochs=_AFTER,
)
def running_ahead(case: Case) -> Advice | None:
    """Detect that training is better than validation although the validation loss does not rise."""
    leads = [_lead(case, epoch) for epoch in range(1, case.curves.epochs + 1)]
    if not all(leads[-_AFTER:]) or overfitting(case):
        return None
    start = next(epoch for epoch in range(1, len(leads) + 1) if all(leads[epoch - 1 :]))
    ours, theirs = case.curves["accuracy"][-1], case.curves["val_accuracy"][-1]
    reach = case.explained_lead(case.curves.epochs)
    return Advice(
        "warning",
        f"Training is ahead of validation from epoch {start} on",
        f"In the last epoch, accuracy is {ours:.3f} in training and {theirs:.3f} in validation; {case.behind} explain "
        f"a difference of {reach:.3f}. Beyond that, the network memorises its training images.",
        remedies.restrain(case.recipe),
        {"from": start, "lead": float(ours - theirs), "explained": reach},
    )


def _lead(case: Case, epoch: int) -> bool:
    """Return whether training leads validation in an epoch by more than the number of patients explains."""
    if not epoch or case.lacks("images"):
        return False
    at = {name: case.curves[name][epoch - 1] for name in ("accuracy", "val_accuracy", "loss", "val_loss")}
    ahead = at["accuracy"] - at["val_accuracy"] > max(_LEAD, case.explained_lead(epoch))
    return bool(ahead and at["val_loss"] > at["loss"])


@rule(
    "loss-against-ranking",
    looks_at="validation AUROC after the epoch that the validation loss selects",
    threshold=f"at least {_AFTER} epochs later, it is up by {_RANKS:g} in trend and in the median of the last three",
    source="Guo et al. 2017, arXiv:1706.04599, §3: the loss of overconfident networks rises while they still improve",
    holds="the epoch of the lowest validation loss also ranks images about best",
    needs=("val_loss", "val_auroc"),
    epochs=_AFTER + 1,
)
def loss_against_ranking(case: Case) -> Advice | None:
    """Detect that the network ranks images better and better, and only becomes overconfident."""
    kept, ranks = case.kept, case.curves["val_auroc"]
    after = ranks[kept - 1 :]
    if case.recipe.train.stop.metric != "val_loss" or not kept or len(after) <= _AFTER:
        return None
    last = float(np.nanmedian(after[-3:])) if np.isfinite(after[-3:]).any() else math.nan
    trend = slope(after) * (len(after) - 1)
    if not min(last - ranks[kept - 1], trend) >= _RANKS:
        return None
    return Advice(
        "warning",
        f"Ranking still improved after the kept epoch {kept}",
        f"Validation AUROC was {ranks[kept - 1]:.3f} in epoch {kept}, which the validation loss selected, and "
        f"{last:.3f} at the end. There the network ranks images better, and is only overconfident.",
        ("train.stop.metric=val_auroc",),
        {"kept": kept, "at_kept": float(ranks[kept - 1]), "at_end": last},
    )


@rule(
    "shortcut-or-shift",
    looks_at="the drop of accuracy and AUROC from validation to test, compared with the lead of training over "
    "validation, where the test split has been evaluated",
    threshold=f"a drop of more than {_DROP:g} that is larger than the lead and that the intervals of the two do not "
    "explain (95 %)",
    source="Zech et al. 2018, doi:10.1371/journal.pmed.1002683; DeGrave et al. 2021, doi:10.1038/s42256-021-00338-7",
    holds="the test figures are not below those of validation by more than chance and overfitting explain",
    needs=("accuracy", "val_accuracy", "result test", "result val"),
)
def shortcut_or_shift(case: Case) -> Advice | None:
    """Detect that validation images share something with training images that test images do not."""
    lead = float(case.at_kept("accuracy") - case.at_kept("val_accuracy"))
    drops = {name: _fall(case.results["val"], case.results["test"], name) for name in ("accuracy", "auroc")}
    fallen = {name: fall for name, (fall, reach) in drops.items() if fall > max(_DROP, reach, lead)}
    if not fallen:
        return None
    parts = [
        f"{in_words(name)} fell from {case.results['val'][name]['value']:.3f} in validation to "
        f"{case.results['test'][name]['value']:.3f} on the test split"
        for name in fallen
    ]
    ahead = f"training was {lead:.3f} ahead of validation" if lead > 0 else "training was not ahead of validation"
    hints = [f"A classifier that sees {sees} reached AUROC {auroc:.2f} here." for sees, auroc in case.probes]
    hints.append("Judge a change on data other than this test split.")
    first = " and ".join(parts)
    return Advice(
        "warning",
        "Test figures are lower than overfitting explains: a shortcut or a shift",
        f"{first[0].upper()}{first[1:]}, while {ahead} in accuracy. Validation images seem to share something with "
        f"training images that test images do not. {' '.join(hints)}",
        remedies.hide_exposure(case.recipe),
        {"lead": lead, **{f"{name}_drop": fall for name, (fall, _) in drops.items()}},
    )


def _fall(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> tuple[float, float]:
    """By how much a metric fell, and by how much chance alone may make it fall; NaN where unknown."""
    one, other = before.get(name) or {}, after.get(name) or {}
    if one.get("value") is None or other.get("value") is None:
        return math.nan, math.nan
    errors = [(part["high"] - part["low"]) / 2 if part.get("low") is not None else math.nan for part in (one, other)]
    return one["value"] - other["value"], math.hypot(*errors)
