"""The ways of making intervals that are compared: chestnut's own, and the percentiles that it used before."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.coverage.cohorts import Sample
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.resamples import bootstrap
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import decide, evaluate
from chestnut.evaluation.patient_tally import Tally

#: Resamples behind an interval where a way draws any: fewer than for a user's figures, to save time.
RESAMPLES = 400

Way = Callable[[Sample], Mapping[str, Estimate]]


def own_way(sample: Sample) -> Mapping[str, Estimate]:
    """Return every metric as `chestnut evaluate` gives it."""
    names = [str(number) for number in range(sample.probabilities.shape[1])]
    known = sample.truth, sample.probabilities, sample.patients, names
    return evaluate(*known, threshold=sample.threshold, resamples=RESAMPLES).metrics


def percentile_way(sample: Sample) -> Mapping[str, Estimate]:
    """Return every metric with the percentiles of a bootstrap over patients."""
    patients = int(sample.patients.max()) + 1
    decisions = decide(sample.probabilities, sample.threshold)
    last = sample.probabilities.shape[1] - 1
    tally = Tally.of(sample.truth, sample.probabilities, decisions, sample.patients, last)

    def figures(counts: Floats) -> Floats:
        found = tally.figures(counts)[0]
        return np.stack([found[name] for name in METRICS])

    point = figures(np.ones((patients, 1)))[:, 0]
    drawn = bootstrap(figures, patients, len(sample.truth), RESAMPLES, seed=0)
    return {name: _percentiles(float(value), one) for name, value, one in zip(METRICS, point, drawn, strict=True)}


def _percentiles(value: float, drawn: Floats) -> Estimate:
    known = drawn[~np.isnan(drawn)]
    if not np.isfinite(value) or not len(known):
        return Estimate(None)
    with np.errstate(invalid="ignore"):  # between two infinite resamples
        low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value, float(low), float(high)) if np.isfinite([low, high]).all() else Estimate(value)


#: The ways by the names that results use.
WAYS: dict[str, Way] = {"own": own_way, "percentile": percentile_way}
