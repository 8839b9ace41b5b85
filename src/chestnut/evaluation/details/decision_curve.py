"""`DecisionCurve`: what deciding by the probabilities is worth, against treating everybody or nobody.

Who acts from a probability of t upwards holds one disease found to be worth (1 − t) / t false alarms. The net benefit
is then the share of true positives less the share of false positives times t / (1 − t) (Vickers and Elkin 2006, Medical
Decision Making 26:565-574).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.details.rates import Rates, count_reaching
from chestnut.evaluation.patients import sum_by_patient

#: The threshold probabilities.
THRESHOLDS = np.arange(1, 100) / 100
Numbers = tuple[float, ...]
Spans = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit at each threshold probability.

    Attributes:
        prevalence: The share of positive images that the curve is for.
        stated: Whether that prevalence was stated; otherwise it is the sample's own.
        thresholds: The threshold probabilities, from 0.01 to 0.99.
        net_benefit: The net benefit of deciding by the probabilities.
        low: The lower end of its 95 % interval at each threshold.
        high: The upper end.
        treat_all: The net benefit of deciding every image positive; that of deciding none is 0.
        better: The spans of thresholds at which the net benefit is above both.
        surely_better: Those at which the intervals of both differences are above 0.
    """

    prevalence: float
    stated: bool
    thresholds: Numbers
    net_benefit: Numbers
    low: Numbers
    high: Numbers
    treat_all: Numbers
    better: Spans
    surely_better: Spans

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the attributes from JSON."""
        lists = [tuple(values[name]) for name in _LISTS]
        spans = [tuple((low, high) for low, high in values[name]) for name in ("better", "surely_better")]
        return cls(values["prevalence"], values["stated"], *lists, *spans)


_LISTS = ("thresholds", "net_benefit", "low", "high", "treat_all")


def decision_curve(
    truth: npt.NDArray[np.bool_], probabilities: Floats, owners: Ints, prevalence: float | None = None
) -> DecisionCurve:
    """Compute the net benefit at every threshold of `THRESHOLDS`, with pointwise intervals that count patients.

    Args:
        truth: Whether each image is positive, shape (n,); both classes must be present.
        probabilities: The probability of the positive class, shape (n,), in 0..1.
        owners: Each image's patient number, shape (n,).
        prevalence: The share of positive images to compute it for, above 0 and below 1; None for the sample's own.

    >>> curve = decision_curve(np.arange(40) >= 20, np.arange(40) / 40, np.arange(40))
    >>> curve.better, curve.net_benefit[49]
    (((0.01, 0.97),), 0.5)
    """
    odds = THRESHOLDS / (1 - THRESHOLDS)
    share = float(truth.mean()) if prevalence is None else prevalence
    found, wrong, missed, passed = _rates(truth, probabilities, owners, given_class=prevalence is not None)
    for_one, for_none = (share, 1 - share) if prevalence is not None else (1.0, 1.0)
    over_none = _contrast(found, wrong, for_one, for_none * odds)
    over_all = _contrast(passed, missed, for_none * odds, for_one)
    return DecisionCurve(
        prevalence=share,
        stated=prevalence is not None,
        thresholds=_numbers(THRESHOLDS),
        net_benefit=_numbers(over_none[0]),
        low=_numbers(over_none[1]),
        high=_numbers(over_none[2]),
        treat_all=_numbers(share - (1 - share) * odds),
        better=_spans((over_none[0] > 0) & (over_all[0] > 0)),
        surely_better=_spans((over_none[1] > 0) & (over_all[1] > 0)),
    )


@dataclass(frozen=True)
class _Outcome:
    """How often a kind of decision occurs at each threshold, as a share, and each patient's part in its deviation."""

    rates: Rates
    excess: Floats


def _rates(
    truth: npt.NDArray[np.bool_], probabilities: Floats, owners: Ints, *, given_class: bool
) -> tuple[_Outcome, _Outcome, _Outcome, _Outcome]:
    """Return true and false positives, and false and true negatives.

    They are shares of all images, or, for a stated prevalence, of the images of their class.
    """
    patients = int(owners.max()) + 1
    images = sum_by_patient(1, owners)[0]
    outcomes = []
    for of_class in (truth, ~truth):
        own = sum_by_patient(of_class, owners)[0]
        trials = own if given_class else images
        above = count_reaching(probabilities[of_class], owners[of_class], THRESHOLDS, patients)
        for hits in (above, own[:, None] - above):
            rates = Rates.of(hits, trials)
            outcomes.append(_Outcome(rates, hits - rates.values * trials[:, None]))
    found, missed, wrong, passed = outcomes
    return found, wrong, missed, passed


def _contrast(gain: _Outcome, loss: _Outcome, gained: Floats | float, lost: Floats | float) -> tuple[Floats, ...]:
    """Return the weighted difference of two shares with the ends of its interval, each of shape (k,).

    The ends are those of the two shares, squared and added with the correlation that they have between patients (Zou
    and Donner 2008, Statistics in Medicine 27:1693-1702), 0 at most: an image has only one of the outcomes.
    """
    value = gained * gain.rates.values - lost * loss.rates.values
    ends = [np.abs(np.stack(part.rates.ends()) - part.rates.values) for part in (gain, loss)]
    (gain_low, gain_high), (loss_low, loss_high) = ends[0] * gained, ends[1] * lost
    shared = _correlation(gain, loss)

    def reach(one: Floats, other: Floats) -> Floats:
        return np.sqrt(np.maximum(one**2 + other**2 - 2 * shared * one * other, 0))

    return value, value - reach(gain_low, loss_high), value + reach(gain_high, loss_low)


def _correlation(gain: _Outcome, loss: _Outcome) -> Floats:
    spread = np.sqrt((gain.excess**2).sum(axis=0) * (loss.excess**2).sum(axis=0))
    observed = np.divide((gain.excess * loss.excess).sum(axis=0), spread, out=np.zeros_like(spread), where=spread > 0)
    return np.asarray(np.minimum(observed, 0.0))


def _spans(inside: npt.NDArray[np.bool_]) -> Spans:
    """Return the first and last threshold of each run of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    return tuple(
        (float(THRESHOLDS[first]), float(THRESHOLDS[past - 1]))
        for first, past in zip(edges[::2], edges[1::2], strict=True)
    )


def _numbers(values: Floats) -> Numbers:
    return tuple(values.round(6).tolist())
