"""Rules on when training stops, and on how reliable the curve is that stops it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from chestnut.auditing.findings import share
from chestnut.diagnosis import remedies
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.fit_rules import learns_little, overfitting
from chestnut.diagnosis.learning_curves import explained_drop, longest_wait, noise, slope
from chestnut.diagnosis.learning_rate_rules import HALF
from chestnut.diagnosis.rules import Advice, rule
from chestnut.evaluation.metric_names import heading

_DROPS, _SHARE, _VISIBLE, _FEW = 2, 0.2, 0.05, 100
_SAVED, _SAVED_SHARE = 3, 0.2
_GAIN = 0.02
_HASTY = 2


@rule(
    "jumping-validation",
    looks_at="drops of validation accuracy and AUROC from one epoch to the next, compared with what the number of "
    "validation patients explains",
    threshold=f"at least {_DROPS} drops, in {share(_SHARE)} of the epochs, of more than 1.645·√2 standard errors "
    f"(one-sided 95 %); or, as a note, a smaller drop of {_VISIBLE:g} or more",
    source="binomial standard error; for AUROC Hanley and McNeil 1982, Radiology 143:29-36",
    holds="the validation curve is steady",
    needs=("val_accuracy", "images"),
    epochs=4,
)
def jumping_validation(case: Case) -> Advice | None:
    """Detect that the validation curve jumps, because of its few images or because of the network."""
    found = [_drops(case, name) for name in ("val_accuracy", "val_auroc") if case.curves.has(name)]
    unsteady = [one for one in found if one.beyond >= max(_DROPS, _SHARE * one.steps)]
    worst = max(unsteady or found, key=lambda one: one.largest)
    figures = asdict(worst)
    if unsteady:
        return Advice(
            "warning",
            "The validation curve jumps by more than its number of images explains",
            f"{heading(worst.metric)} fell in {worst.beyond} of {worst.steps} epochs by more than {case.behind} "
            f"explain 95 times in 100. The largest drop was {worst.largest:.3f}, of which {worst.explained:.3f} is "
            "explained. So the network itself changes that much from epoch to epoch: its steps are too long to settle.",
            (*remedies.rate(case.recipe, 0.3), *remedies.average(case.recipe)),
            figures,
        )
    if not _VISIBLE <= worst.largest <= worst.explained:
        return None
    return Advice(
        "info",
        "The validation curve jumps, within what its number of images explains",
        f"{heading(worst.metric)} fell by up to {worst.largest:.3f} from one epoch to the next, and {case.behind} "
        f"explain drops of up to {worst.explained:.3f}. That is no fault of the training, but such a difference does "
        "not make one epoch or one recipe better than another.",
        remedies.more_validation(case.recipe) if sum(case.val_patients or case.val) < _FEW else (),
        figures,
    )


@dataclass(frozen=True)
class _Drops:
    """How a validation curve fell from epoch to epoch.

    Attributes:
        metric: The column of the curve.
        steps: The number of changes from one epoch to the next.
        beyond: The number of drops beyond what chance explains.
        largest: The largest drop; 0 where there was none.
        explained: The drop that chance explains there.
    """

    metric: str
    steps: int
    beyond: int
    largest: float
    explained: float


def _drops(case: Case, name: str) -> _Drops:
    heights = case.curves[name]
    heights = heights[np.isfinite(heights)]
    drops, middles = -np.diff(heights), (heights[1:] + heights[:-1]) / 2
    bounds = np.array([explained_drop(case.error_of(name, middle)) for middle in middles.tolist()])
    if not len(drops):
        return _Drops(name, 0, 0, 0.0, 0.0)
    worst = int(drops.argmax())
    return _Drops(name, len(drops), int((drops > bounds).sum()), max(0.0, float(drops[worst])), float(bounds[worst]))


@rule(
    "patience-too-short",
    looks_at="the trend of the metric, the longest wait for an improvement and the training loss of a run that early "
    "stopping ended",
    threshold="over the last epochs (the patience and two more), the metric improves in trend by more than the noise "
    f"of the curve; or less than {share(HALF)} of the loss of guessing is gone, and the curve had needed all the "
    f"patience before or the patience is at most {_HASTY}; not where overfitting applies",
    source="Prechelt 1998, Early Stopping - But When?, LNCS 1524:55-69: slower criteria find better minima",
    holds="early stopping came when nothing more improved",
    needs=("loss", "images"),
    epochs=2,
)
def patience_too_short(case: Case) -> Advice | None:
    """Detect that early stopping ended a run that was still learning."""
    stop = case.recipe.train.stop
    if case.ended != "early" or not stop.patience or overfitting(case):
        return None
    window = min(max(stop.patience + 2, 4), case.curves.epochs)
    gain = slope(case.metric[-window:]) * window * (-1 if stop.smaller_is_better else 1)
    improving = gain > 0 and not gain < noise(case.metric)
    wait = longest_wait(case.metric, smaller=stop.smaller_is_better)
    loss = float(case.curves["loss"][-1])
    early = case.explained(loss) < HALF and (wait >= stop.patience or stop.patience <= _HASTY)
    if not (improving or early):
        return None
    reason = (
        f"but over the last {window} epochs {case.metric_name} was still improving in trend."
        if improving
        else f"when the training loss had fallen only from {case.guess:.3f}, the loss of guessing, to {loss:.3f}"
        + (f", and the curve had needed {wait} epochs to improve before." if wait >= stop.patience else ".")
    )
    longer = 2 * stop.patience + 2
    return Advice(
        "warning",
        f"A patience of {stop.patience} is too short for this curve",
        f"Training stopped in epoch {case.curves.epochs}, {case.curves.epochs - case.kept} after the best, {reason}",
        (f"train.stop.patience={longer}",),
        {"patience": stop.patience, "kept": case.kept, "longest_wait": wait},
    )


@rule(
    "patience-too-long",
    looks_at="the epochs after the kept one, and the longest wait from one best value to the next",
    threshold=f"a patience of two more than that wait would have kept the same epoch and saved at least {_SAVED} "
    f"epochs and {share(_SAVED_SHARE)} of all; not where a rule on the rate or underfitting applies",
    source="Prechelt 1998, Early Stopping - But When?, LNCS 1524:55-69",
    holds="few epochs were spent after the kept one",
    epochs=5,
)
def patience_too_long(case: Case) -> Advice | None:
    """Detect that many epochs passed after the best one."""
    stop = case.recipe.train.stop
    wait = longest_wait(case.metric, smaller=stop.smaller_is_better)
    enough = case.stop(wait + 2)
    saved = case.curves.epochs - enough.epochs
    longer = not stop.patience or stop.patience > wait + 2
    worth = case.kept and longer and enough.kept == case.kept
    if not worth or saved < max(_SAVED, _SAVED_SHARE * case.curves.epochs) or learns_little(case):
        return None
    seconds = float(np.nansum(case.curves["seconds"][-saved:]))
    given = f"a patience of {stop.patience}" if stop.patience else "no early stopping"
    return Advice(
        "info",
        f"{case.curves.epochs - case.kept} of {case.curves.epochs} epochs came after the kept one",
        f"With {given} training continued after epoch {case.kept}. The curve never needed more than {wait} epochs to "
        f"improve, so a patience of {wait + 2} would have kept the same weights and saved {saved} epochs"
        + (f" ({seconds:.0f} s)." if seconds else "."),
        (f"train.stop.patience={wait + 2}",),
        {"kept": case.kept, "longest_wait": wait, "saved": saved, "seconds": seconds},
    )


@rule(
    "too-few-epochs",
    looks_at="the best epoch and the trend of the metric and the training loss of a run that used all its epochs",
    threshold="the best epoch is one of the last two, and as many epochs again as the later half would improve the "
    f"metric in trend by {_GAIN:g}, counting at most half of what is left; or the training loss still falls and less "
    f"than {share(HALF)} of the loss of guessing is gone; not where a rule on the rate, underfitting or overfitting "
    "applies",
    source="Goodfellow, Bengio and Courville, Deep Learning (2016), §7.8; Prechelt 1998, LNCS 1524:55-69",
    holds="there were enough epochs",
    needs=("loss", "images"),
    epochs=4,
)
def too_few_epochs(case: Case) -> Advice | None:
    """Detect that the epochs of the recipe ended while the network was still improving."""
    stop, epochs = case.recipe.train.stop, case.curves.epochs
    if case.ended != "epochs" or learns_little(case) or overfitting(case):
        return None
    half, losses = case.metric[epochs // 2 :], case.curves["loss"]
    left = abs(float(half[-1]) - (0 if stop.smaller_is_better else 1))
    gain = min(left / 2, slope(half) * len(half) * (-1 if stop.smaller_is_better else 1))
    better = case.kept >= epochs - 1 and gain >= _GAIN
    gone = case.explained(float(losses[-1]))
    if not better and not (gone < HALF and slope(losses[epochs // 2 :]) < 0):
        return None
    reason = (
        f"The best of {epochs} epochs is epoch {case.kept}, and {case.metric_name} was improving: at this trend "
        f"another {len(half)} epochs would gain {gain:.3f}."
        if better
        else f"After {epochs} epochs the training loss was {losses[-1]:.3f} and still falling; the loss of guessing by "
        f"the class shares is {case.guess:.3f}."
    )
    return Advice(
        "warning",
        "Training ended while the network was still learning",
        reason,
        (f"train.epochs={2 * max(epochs, case.recipe.train.epochs)}",),
        {"kept": case.kept, "gain": gain, "explained": gone},
    )
