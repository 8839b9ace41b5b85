"""Rules on the learning rate: a loss that diverges, a rate that is too high, one that is too low.

They read the training loss, which no small validation split makes noisy, against the loss of guessing, at which a
chestnut network starts since its bias is set to the class shares.
"""

from __future__ import annotations

import numpy as np

from chestnut.diagnosis import remedies
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.learning_curves import Floats, slope
from chestnut.diagnosis.rules import Advice, figure, percent, rule

#: Times the loss of guessing.
_AWAY = 2.0
_UPHILL = 1.25
#: Share of the way down that is lost again on the way, and least root mean square of a step, of the loss of guessing.
_SAWTOOTH, _STEP = 0.5, 0.03
#: Share of the loss of guessing that training should take away before a rate is called high enough.
HALF = 0.5
#: Epochs that make a pace, and how many times the epochs run are too many to come.
_PACED, _TIMES = 8, 3
#: Weights start about 0.1 from zero (Glorot & Bengio 2010), so steps should reach as far; Adam's usual rate.
_SHORT_REACH, _REACH, _USUAL = 0.01, 0.1, 1e-3
_FASTER = 3.0


@rule(
    "diverged",
    looks_at="the training loss, and why training failed",
    threshold=f"a loss that is not finite, or a last training loss of {_AWAY:g} times that of guessing or more",
    source="Goodfellow, Bengio and Courville, Deep Learning (2016), §8.2.4 and §11.4.1",
    holds="the loss stayed finite and did not run away",
    epochs=0,
)
def diverged(case: Case) -> Advice | None:
    """The loss left for infinity."""
    losses = case.curves["loss"]
    broken = case.curves.has("loss") and not np.isfinite(losses).all()
    away = bool(len(losses)) and losses[-1] >= _AWAY * case.guess
    if not (case.error or broken or away):
        return None
    return Advice(
        "error",
        "The training loss diverged",
        f"{_how(case)} Most often the learning rate, {case.recipe.optim.learning_rate:g}, is too high.",
        (*remedies.rate(case.recipe, 0.1), *remedies.clip(case.recipe)),
        {"losses": losses.tolist(), "guess": case.guess},
    )


def _how(case: Case) -> str:
    losses = case.curves["loss"]
    if case.error:
        return f"Training ended when {case.error.partition(': most often')[0]}."
    if not np.isfinite(losses).all():
        return f"The training loss is not a finite number from epoch {int(np.isfinite(losses).argmin()) + 1} on."
    return f"The training loss ended at {figure(losses[-1])}; guessing by the class shares costs {case.guess:.3f}."


@rule(
    "rate-too-high",
    looks_at="the training loss of the first epoch, and how it goes up and down after it",
    threshold=f"the first epoch's at least {_UPHILL:g} times that of guessing; or, from then on, rises that add up to "
    f"{percent(_SAWTOOTH)} of the falls and steps of {percent(_STEP)} of the loss of guessing",
    source="Bengio 2012, arXiv:1206.5533, §3.1.1; the start at the class shares from Lin 2017, arXiv:1708.02002, §3.3",
    holds="the training loss started below that of guessing and went down without leaps",
    needs=("loss", "images"),
)
def rate_too_high(case: Case) -> Advice | None:
    """Steps so long that they go uphill."""
    uphill, sawtooth = _starts_uphill(case), _goes_up_and_down(case)
    if not (uphill or sawtooth):
        return None
    losses = case.curves["loss"]
    learnt = case.explained(float(np.nanmin(losses)))
    told = []
    if uphill:
        told.append(
            f"Training starts at the loss of guessing, {case.guess:.3f}, yet the first epoch's mean is "
            f"{figure(losses[0])}: its steps led uphill."
        )
    if sawtooth:
        told.append(f"The training loss rose in {_rises(case)} of {len(losses) - 1} steps from epoch to epoch.")
    if learnt < _STEP:
        told.append("It has not come below guessing since: units thrown far off in the first steps give no gradient.")
    mild = learnt >= HALF and not sawtooth
    return Advice(
        "info" if mild else "error" if learnt < _STEP else "warning",
        "The first steps were too long" if mild else "The learning rate is too high",
        " ".join(told),
        remedies.warm_up(case.recipe) if mild else remedies.rate(case.recipe, 0.1 if uphill else 0.3),
        {"first": float(losses[0]), "guess": case.guess, "rises": _rises(case), "explained": learnt},
    )


def _starts_uphill(case: Case) -> bool:
    return bool(case.curves["loss"][0] >= _UPHILL * case.guess)


def _goes_up_and_down(case: Case) -> bool:
    steps = np.diff(case.curves["loss"][1:])
    steps = steps[np.isfinite(steps)]
    if len(steps) < 3:
        return False
    rises, falls = steps[steps > 0].sum(), -steps[steps < 0].sum()
    return bool(rises >= _SAWTOOTH * falls and np.sqrt(np.mean(steps**2)) >= _STEP * case.guess)


def _rises(case: Case) -> int:
    return int((np.diff(case.curves["loss"]) > 0).sum())


@rule(
    "rate-too-low",
    looks_at="the pace at which the training loss falls, and how far the steps can have moved a weight",
    threshold=f"less than {percent(HALF)} of the loss of guessing gone, and a steady fall that at its pace would take "
    f"more than {_TIMES} times the epochs run to get there, after {_PACED} or more; or steps of an Adam-like optimiser "
    f"that together move no weight by {_SHORT_REACH:g}",
    source="Bengio 2012, arXiv:1206.5533, §3.1.1; Adam's step is at most about the rate: Kingma and Ba 2015, "
    "arXiv:1412.6980, §2.1",
    holds="the training loss fell at a pace that gets somewhere",
    needs=("loss", "images"),
    epochs=3,
)
def rate_too_low(case: Case) -> Advice | None:
    """Steps so short that training gets nowhere."""
    losses = case.curves["loss"]
    gone = case.explained(float(np.nanmin(losses)))
    if gone >= HALF or _starts_uphill(case) or _goes_up_and_down(case):
        return None
    usual = min(_REACH / case.reach, _USUAL / case.recipe.optim.learning_rate)
    short, needed = case.reach < _SHORT_REACH and usual > 1, _epochs_to_half(case)
    slow = len(losses) >= _PACED and _falls_steadily(losses) and needed > _TIMES * len(losses)
    if not (short or slow):
        return None
    told = [f"In {len(losses)} epochs the training loss went from {losses[0]:.3f} to {losses[-1]:.3f}."]
    if short:
        told.append(
            f"All {case.steps * len(losses):,} steps together move no weight by more than about {case.reach:.1g}."
        )
    elif np.isfinite(needed):
        told.append(f"At the pace of the last ones it would take {needed:,.0f} more to halve the loss of guessing.")
    return Advice(
        "warning",
        "The learning rate is too low",
        " ".join(told),
        remedies.rate(case.recipe, usual if short else _FASTER),
        {"explained": gone, "reach": case.reach, "epochs_to_half": needed},
    )


def _epochs_to_half(case: Case) -> float:
    """Epochs until the loss of guessing is halved, at the pace of the last half; infinite where it does not fall."""
    losses = case.curves["loss"]
    pace = -slope(losses[len(losses) // 2 :])
    left = float(losses[-1]) - HALF * case.guess
    return max(0.0, left / pace) if pace > 0 else float("inf")


def _falls_steadily(losses: Floats) -> bool:
    """Whether most epochs fall, and the later half by at least a quarter of what the first did."""
    steps = np.diff(losses)
    middle = len(losses) // 2
    early, late = losses[0] - losses[middle], losses[middle] - losses[-1]
    return bool((steps < 0).mean() >= 2 / 3 and late >= early / 4)
