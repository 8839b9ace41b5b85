"""Rules on the learning rate: a loss that diverges, a rate that is too high, and one that is too low.

They compare the training loss, which unlike the validation loss is not noisy in small data sets, with the loss of
guessing. A chestnut network starts there because its bias is set to the class shares.
"""

from __future__ import annotations

import numpy as np

from chestnut.auditing.findings import share
from chestnut.diagnosis import remedies
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.learning_curves import Floats, slope
from chestnut.diagnosis.rules import Advice, figure, rule

#: The training loss from which it has diverged, and the loss of the first epoch from which the rate is too high, as
#: multiples of the loss of guessing.
_AWAY = 2.0
_UPHILL = 1.25
#: The sum of rises as a share of the sum of falls, and the root mean square of a change as a share of the loss of
#: guessing, from which a loss goes up and down.
_SAWTOOTH, _STEP = 0.5, 0.03
#: The share of the loss of guessing that must be gone before a rate counts as high enough.
HALF = 0.5
#: The least epochs from which a pace is read, and how many times as many epochs to come are too many.
_PACED, _TIMES = 8, 3
#: The reach of all steps that is too short, the reach to aim at, and Adam's usual rate. Weights start about 0.1 from
#: zero (Glorot & Bengio 2010), so steps should reach as far.
_SHORT_REACH, _REACH, _USUAL = 0.01, 0.1, 1e-3
_FASTER = 3.0


@rule(
    "diverged",
    looks_at="the training loss, and the error if training failed",
    threshold=f"a loss that is not finite, or a last training loss of at least {_AWAY:g} times the loss of guessing",
    source="Goodfellow, Bengio and Courville, Deep Learning (2016), §8.2.4 and §11.4.1",
    holds="the loss stayed finite and did not diverge",
    epochs=0,
)
def diverged(case: Case) -> Advice | None:
    """Detect that the loss grew without limit."""
    losses = case.curves["loss"]
    broken = case.curves.has("loss") and not np.isfinite(losses).all()
    away = bool(len(losses)) and losses[-1] >= _AWAY * case.guess
    if not (case.error or broken or away):
        return None
    return Advice(
        "error",
        "The training loss diverged",
        f"{_describe(case)} The usual cause is too high a learning rate; it is {case.recipe.optim.learning_rate:g}.",
        (*remedies.rate(case.recipe, 0.1), *remedies.clip(case.recipe)),
        {"losses": losses.tolist(), "guess": case.guess},
    )


def _describe(case: Case) -> str:
    losses = case.curves["loss"]
    if case.error:
        return f"Training ended when {case.error.partition(': most often')[0]}."
    if not np.isfinite(losses).all():
        return f"The training loss is not finite from epoch {int(np.isfinite(losses).argmin()) + 1} on."
    return f"The training loss ended at {figure(losses[-1])}; the loss of guessing is {case.guess:.3f}."


@rule(
    "rate-too-high",
    looks_at="the training loss of the first epoch, and its ups and downs afterwards",
    threshold=f"a first epoch of at least {_UPHILL:g} times the loss of guessing; or, afterwards, rises that add up to "
    f"{share(_SAWTOOTH)} of the falls, with changes of {share(_STEP)} of the loss of guessing",
    source="Bengio 2012, arXiv:1206.5533, §3.1.1; the start at the class shares: Lin 2017, arXiv:1708.02002, §3.3",
    holds="the training loss started below the loss of guessing and fell without jumps",
    needs=("loss", "images"),
)
def rate_too_high(case: Case) -> Advice | None:
    """Detect that the steps are so long that the loss rises."""
    uphill, sawtooth = _starts_uphill(case), _goes_up_and_down(case)
    if not (uphill or sawtooth):
        return None
    losses = case.curves["loss"]
    learnt = case.explained(float(np.nanmin(losses)))
    evidence = []
    if uphill:
        evidence.append(
            f"Training starts at the loss of guessing, {case.guess:.3f}, but the mean of the first epoch is "
            f"{figure(losses[0])}: its steps raised the loss."
        )
    if sawtooth:
        evidence.append(f"The training loss rose in {_rises(case)} of {len(losses) - 1} steps from epoch to epoch.")
    if learnt < _STEP:
        evidence.append(
            "It has not fallen below guessing since: units that the first steps moved far off have no gradient."
        )
    mild = learnt >= HALF and not sawtooth
    return Advice(
        "info" if mild else "error" if learnt < _STEP else "warning",
        "The first steps were too long" if mild else "The learning rate is too high",
        " ".join(evidence),
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
    looks_at="the pace at which the training loss falls, and how much the steps can have changed a weight",
    threshold=f"less than {share(HALF)} of the loss of guessing is gone, and, after at least {_PACED} epochs of steady "
    f"fall, that would take more than {_TIMES} times as many epochs again; or all steps of an Adam-like optimiser "
    f"together change no weight by {_SHORT_REACH:g}",
    source="Bengio 2012, arXiv:1206.5533, §3.1.1; a step of Adam is at most about the rate: Kingma and Ba 2015, "
    "arXiv:1412.6980, §2.1",
    holds="the training loss fell fast enough",
    needs=("loss", "images"),
    epochs=3,
)
def rate_too_low(case: Case) -> Advice | None:
    """Detect that the steps are so short that training does not get far."""
    losses = case.curves["loss"]
    gone = case.explained(float(np.nanmin(losses)))
    if gone >= HALF or _starts_uphill(case) or _goes_up_and_down(case):
        return None
    usual = min(_REACH / case.reach, _USUAL / case.recipe.optim.learning_rate)
    short, needed = case.reach < _SHORT_REACH and usual > 1, _epochs_to_half(case)
    slow = len(losses) >= _PACED and _falls_steadily(losses) and needed > _TIMES * len(losses)
    if not (short or slow):
        return None
    evidence = [f"In {len(losses)} epochs the training loss went from {losses[0]:.3f} to {losses[-1]:.3f}."]
    if short:
        evidence.append(
            f"All {case.steps * len(losses):,} steps together change no weight by more than about {case.reach:.1g}."
        )
    elif np.isfinite(needed):
        evidence.append(f"At the recent pace it would take {needed:,.0f} more to halve the loss of guessing.")
    return Advice(
        "warning",
        "The learning rate is too low",
        " ".join(evidence),
        remedies.rate(case.recipe, usual if short else _FASTER),
        {"explained": gone, "reach": case.reach, "epochs_to_half": needed},
    )


def _epochs_to_half(case: Case) -> float:
    """Return the epochs that halve the loss of guessing at the pace of the later half; infinite without a fall."""
    losses = case.curves["loss"]
    pace = -slope(losses[len(losses) // 2 :])
    left = float(losses[-1]) - HALF * case.guess
    return max(0.0, left / pace) if pace > 0 else float("inf")


def _falls_steadily(losses: Floats) -> bool:
    """Return whether the loss falls in most epochs, and in the later half by at least 1/4 as much as in the first."""
    steps = np.diff(losses)
    middle = len(losses) // 2
    early, late = losses[0] - losses[middle], losses[middle] - losses[-1]
    return bool((steps < 0).mean() >= 2 / 3 and late >= early / 4)
