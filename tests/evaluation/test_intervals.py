from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, roc_auc_score

from chestnut.errors import DataError
from chestnut.evaluation.calibration.error import LEAST_IN_BIN, Gaps, equal_mass_bins
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.resamples import bootstrap, resamples
from chestnut.evaluation.intervals.shares import wilson
from chestnut.evaluation.patients import number_patients, sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(case):
    hits, trials = case
    expected = binomtest(hits, trials).proportion_ci(method="wilson")
    assert tuple(float(end) for end in wilson(hits, trials)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_patients_are_numbered_by_name():
    numbers, distinct = number_patients(["b", "a", "b", "c"])
    assert numbers.tolist() == [1, 0, 1, 2] and distinct == 3
    assert number_patients([10, 9])[1] == 2


def test_every_resample_draws_as_many_patients_as_there_are():
    blocks = list(resamples(patients=37, images=100_000, draws=50, seed=3))
    assert len(blocks) > 1
    counts = np.concatenate(blocks, axis=1)
    assert counts.shape == (37, 50) and (counts.sum(axis=0) == 37).all()
    again = np.concatenate(list(resamples(37, 100_000, 50, seed=3)), axis=1)
    assert np.array_equal(counts, again)
    assert 0.9 < counts.var() < 1.1  # 1 - 1/37 for draws with replacement


def test_bootstrap_of_a_mean_has_its_standard_error():
    values = np.random.default_rng(0).normal(0, 1, 200)
    means = bootstrap(lambda counts: (values @ counts)[None] / 200, 200, 200, 1000, seed=0)
    assert means.std() == pytest.approx(values.std() / np.sqrt(200), rel=0.1)
    with pytest.raises(DataError, match="resamples=0"):
        bootstrap(lambda counts: counts, 2, 2, 0, seed=0)


def test_estimates_read_well_with_negative_and_infinite_ends():
    assert str(Estimate(-0.1, -0.3, 0.2)) == "−0.100 (−0.300 to 0.200)"
    assert str(Estimate(None, 3.0)) == "∞ (3.000–∞)" and str(Estimate(5.0, 3.0)) == "5.000 (3.000–∞)"


def test_sums_by_patient_and_group():
    owners = np.array([0, 1, 1])
    assert sum_by_patient([1.0, 2, 3], owners).tolist() == [[1, 5]]
    assert sum_by_patient(1, owners, [0, 1, 0], 2).tolist() == [[1, 1], [0, 1]]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(1, 3)), min_size=2, max_size=40),
)
def test_ranking_agrees_with_scikit_learn_on_weights_and_ties(rows):
    truth, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    areas = Ranking.of(truth, scores, np.arange(len(rows))).areas(weights[:, None].astype(float))
    if truth.all() or not truth.any():
        assert np.isnan(areas).all()
        return
    assert areas[0][0] == pytest.approx(roc_auc_score(truth, scores, sample_weight=weights))
    assert areas[1][0] == pytest.approx(average_precision_score(truth, scores, sample_weight=weights))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300), st.integers(1, 15))
def test_bins_follow_the_scores(scores, most):
    bins = equal_mass_bins(scores, most)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    assert len({(score, number) for score, number in zip(scores, bins, strict=True)}) == len(set(scores))
    assert set(bins) == set(range(bins.max() + 1)) and bins.max() < max(1, min(most, len(scores) // LEAST_IN_BIN))


def test_bins_of_distinct_scores_hold_equally_many():
    assert set(np.bincount(equal_mass_bins(np.random.default_rng(0).random(300)))) == {20}


def test_calibration_error_by_hand():
    truth, scores = np.array([0, 0, 1, 1] * 5), np.array([0.2, 0.2, 0.6, 0.6] * 5)
    error = Gaps.of(truth, scores, np.arange(20)).errors(np.ones((20, 1)))
    assert error[0] == pytest.approx(0.5 * 0.2 + 0.5 * 0.4)
