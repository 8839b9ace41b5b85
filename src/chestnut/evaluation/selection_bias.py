"""`Gain`: how far the best of many candidates is ahead of a default, corrected for its selection.

The highest of many scores is partly luck with the images that selected it, so its plain lead is too large. The
correction is that of Tsamardinos, Greasidou and Borboudakis 2018, Machine Learning 107:1895-1922 (BBC-CV): patients are
drawn with replacement, the best candidate is selected on those drawn, and it is measured on the others, about a third.
The default is measured on the same patients, and the gain is the difference.

The mean of these differences is rather too small, since the patients that are left are those that spoke least for the
selected one; the plain lead is too large. The interval reaches below the lower of the two and above the higher, as far
as the difference of the selected candidates from the default varies between patients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, suggest
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import require_finite
from chestnut.evaluation.intervals.estimate import format_figure
from chestnut.evaluation.intervals.resamples import resamples
from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.patient_tally import cross_entropy
from chestnut.evaluation.patients import number_patients, sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking
from chestnut.evaluation.seen import Seen

#: The metrics that can select a candidate, and whether a larger value is better.
OBJECTIVES = {"auroc": True, "accuracy": True, "loss": False}

# Takes how often each patient counts, shape (patients, b), and returns the score of each weighting, shape (b,).
_Score = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Gain:
    """The lead of the best candidate over the default; above 0 the candidate is better, also for a loss.

    Attributes:
        metric: `auroc`, `accuracy` or `loss`.
        plain: The difference on the images that selected the best; None where it is undefined.
        value: The corrected difference, the mean over resamples; None where all are undefined.
        low: The lower end of its 95 % interval; None where a class has too few patients.
        high: The upper end of its 95 % interval.
        images: The number of images.
        patients: The number of patients.
        resamples: The number of resamples.
        undefined: The number of resamples in which a score is undefined; the figures are from the others.
    """

    metric: str
    plain: float | None
    value: float | None
    low: float | None
    high: float | None
    images: int
    patients: int
    resamples: int
    undefined: int

    @property
    def distinguishable(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def to_dict(self) -> dict[str, str | float | int | None]:
        """Return the gain for JSON; the keys are the attributes."""
        return asdict(self)


def gain_of_chosen(
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    default: npt.ArrayLike,
    candidates: Sequence[npt.ArrayLike],
    metric: str = "auroc",
    draws: int = 1000,
    seed: int = 0,
) -> Gain:
    """Compute the lead of the best candidate, corrected for its selection.

    The score of a candidate is the mean of the metric over its executions; of equal scores the first is the best.
    Executions are not resampled, so there is no correction for the luck of their seeds.

    Args:
        targets: Class numbers, shape (n,), in 0..k-1; the second of two is the positive one.
        patients: Identities, shape (n,).
        default: The probabilities of the executions of the default, shape (executions, n) for the positive class of
            two, or (executions, n, k).
        candidates: The probabilities of each candidate; the default is not one of them.
        metric: `auroc`, `accuracy` (two classes are decided at 0.5) or `loss`.
        draws: The number of resamples.
        seed: The seed of the resamples; equal seeds give equal results, whatever the order of images.

    Raises:
        DataError: There are no candidates or resamples, the metric is unknown, or probabilities do not fit the targets.

    >>> truth, people = [0, 1, 0, 1] * 6, range(24)
    >>> gain = gain_of_chosen(truth, people, [[0.2, 0.4, 0.3, 0.1] * 6], [[[0.1, 0.8, 0.2, 0.9] * 6]])
    >>> gain.plain, round(gain.value, 2)
    (0.5, 0.5)
    """
    truth: Ints = np.asarray(targets, dtype=np.int64)
    _check(truth, len(candidates), metric, draws)
    owners, distinct = number_patients(patients)
    sign = 1 if OBJECTIVES[metric] else -1
    held = [_score(_columns(one, truth), truth, owners, metric) for one in (default, *candidates)]

    def scores(counts: Floats) -> Floats:
        """Return the scores of the default and every candidate, where higher is better, shape (1 + candidates, b)."""
        return sign * np.stack([score(counts) for score in held])

    whole = scores(np.ones((distinct, 1)))[:, 0]
    plain = float(whole[1:].max() - whole[0])
    blocks = resamples(distinct, len(truth), draws, seed)
    found = [_out_of_bag(scores, counts) for counts in blocks]
    leads, chosen = np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])
    undefined = int(np.isnan(leads).sum())
    value = float(np.nanmean(leads)) if undefined < draws else math.nan
    low, high = None, None
    if np.isfinite([plain, value]).all():
        seen = [[Seen(truth, p, owners) for p in _columns(one, truth)] for one in (default, *candidates)]
        picked = np.bincount(chosen[~np.isnan(leads)], minlength=len(candidates)) / (draws - undefined)
        low, high = _ends(seen, picked, metric, sorted((plain, value)))
    return Gain(
        metric=metric,
        plain=None if np.isnan(plain) else plain,
        value=None if np.isnan(value) else value,
        low=low,
        high=high,
        images=len(truth),
        patients=distinct,
        resamples=draws,
        undefined=undefined,
    )


def gain_in_words(gain: Gain, best: str = "the best trial", default: str = "the default") -> str:
    """Say whether the best can be told from the default, and what to do.

    Args:
        gain: The gain from `gain_of_chosen`.
        best: The name of the best candidate.
        default: The name of the default.

    >>> print(gain_in_words(Gain("auroc", 0.004, 0.001, -0.004, 0.006, 810, 445, 1000, 0), "trial 7"))
    Trial 7 and the default are not distinguishable on these 810 validation images of 445 patients: corrected gain in
    AUROC 0.001, 95 % interval −0.004 to 0.006. Keep the default: there is no evidence that best.toml is better.
    """
    sentence = _verdict(
        gain, best, default, f"on these {gain.images:,} validation images of {_patients(gain.patients)}"
    )
    return sentence[0].upper() + sentence[1:]


def _verdict(gain: Gain, best: str, default: str, where: str) -> str:
    words, more = in_words(gain.metric), OBJECTIVES[gain.metric]
    measure = words if more else f"{words} (above 0 is better)"
    if gain.value is None or gain.low is None or gain.high is None:
        return (
            f"Whether {best} is better than {default} cannot be judged {where}: {words} is undefined in every "
            f"resample, because a class has too few patients. Keep {default}, or search with more patients."
        )
    figures = f"{format_figure(gain.value)}, 95 % interval {format_figure(gain.low)} to {format_figure(gain.high)}"
    if not gain.distinguishable:
        return (
            f"{best} and {default} are not distinguishable {where}: corrected gain in {measure} {figures}. "
            f"Keep {default}: there is no evidence that best.toml is better."
        )
    if gain.low > 0:
        return (
            f"{best} is ahead of {default} {where}: {words} {'higher' if more else 'lower'} by {figures}, corrected "
            f"for the selection. Use best.toml."
        )
    return (
        f"{default} is ahead of what the search finds {where}: corrected gain in {measure} {figures}. Keep {default}."
    )


def _ends(
    seen: Sequence[Sequence[Seen]], picked: Floats, metric: str, leads: Sequence[float]
) -> tuple[float | None, float | None]:
    """Return the ends of the interval.

    Args:
        seen: The executions of the default, and of each candidate.
        picked: How often each candidate was selected, as a share.
        metric: The metric.
        leads: The least and the greatest lead that the interval holds.
    """
    sign = 1 if OBJECTIVES[metric] else -1
    default, *others = (
        Contributions.mean_of([one.figure(metric) for one in each]) if share else None
        for each, share in zip(seen, (1.0, *picked), strict=True)
    )
    ahead = [(one - default, share) for one, share in zip(others, picked, strict=True) if one and default]
    mean = Contributions.mean_of([one for one, _ in ahead], [float(share) for _, share in ahead]).scaled(sign)
    lower, upper = (difference_of(replace(mean, value=lead)) for lead in leads)
    return lower.low, upper.high


def _out_of_bag(scores: Callable[[Floats], Floats], counts: Floats) -> tuple[Floats, Ints]:
    """Return the out-of-bag lead over the default of the candidate best in the bag, and the number of that candidate.

    Both are of shape (b,). The lead is NaN where it is undefined.
    """
    width = counts.shape[1]
    both = scores(np.concatenate([counts, counts == 0], axis=1))
    inside, outside = both[1:, :width], both[:, width:]
    known = ~np.isnan(inside).any(axis=0)
    # Equal scores may differ by rounding, which must not select.
    chosen = np.where(known, inside, 0).round(12).argmax(axis=0)
    return np.where(known, outside[1 + chosen, np.arange(width)] - outside[0], np.nan), chosen


def _score(executions: Floats, truth: Ints, owners: Ints, metric: str) -> _Score:
    """Return a function from weights of patients to the mean metric over executions; NaN where undefined."""
    if metric == "auroc":
        return _mean_auroc(executions, truth, owners)
    each = [cross_entropy(truth, p) if metric == "loss" else decide(p) == truth for p in executions]
    sums = sum_by_patient(np.mean(each, axis=0), owners)
    sizes = sum_by_patient(1, owners)

    def share(counts: Floats) -> Floats:
        total = (sizes @ counts)[0]
        found: Floats = np.divide((sums @ counts)[0], total, out=np.full_like(total, np.nan), where=total > 0)
        return found

    return share


def _mean_auroc(executions: Floats, truth: Ints, owners: Ints) -> _Score:
    classes = executions.shape[2]
    # As in `patient_tally`: the positive class of two, or each class that has images, against the rest.
    numbers = [1] if classes == 2 else [number for number in range(classes) if (truth == number).any()]
    rankings = [Ranking.of(truth == number, p[:, number], owners) for p in executions for number in numbers]

    def mean(counts: Floats) -> Floats:
        found: Floats = np.mean([ranking.areas(counts)[0] for ranking in rankings], axis=0)
        return found

    return mean


def _columns(probabilities: npt.ArrayLike, truth: Ints) -> Floats:
    """Probabilities as (executions, n, k)."""
    values = require_finite(probabilities, "probabilities")
    if values.ndim == 2:
        values = np.stack([1 - values, values], axis=2)
    if values.ndim != 3 or not values.size or values.shape[1] != len(truth) or values.shape[2] <= truth.max():
        raise DataError(
            f"probabilities of shape {values.shape} for {len(truth)} images of {truth.max() + 1} classes; "
            "give (executions, images) or (executions, images, classes)"
        )
    return values


def _check(truth: Ints, candidates: int, metric: str, draws: int) -> None:
    if metric not in OBJECTIVES:
        raise DataError(f"no objective {metric!r}; {suggest(metric, OBJECTIVES)}")
    if not candidates or not len(truth):
        raise DataError(f"{candidates} candidates on {len(truth)} images; a gain needs at least one of each")
    if draws < 1:
        raise DataError(f"draws={draws}: give 1 or more; about 1000 make an interval steady")


def _patients(number: int) -> str:
    return f"{number:,} patient{'s' * (number != 1)}"
