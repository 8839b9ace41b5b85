from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from chestnut.errors import DataError
from chestnut.evaluation.curves import precision_recall, reliability, roc
from chestnut.evaluation.details.rates import Rates
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.metrics import evaluate
from chestnut.evaluation.patients import number_patients


def sample(seed=0, n=200, digits=8):
    rng = np.random.default_rng(seed)
    targets = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    scores = (1 / (1 + np.exp(-1.5 * targets + rng.normal(0.7, 1, n)))).round(digits)
    return targets, scores, rng.integers(0, n // 2, n)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_roc_agrees_with_scikit_learn(seed, digits):
    targets, scores, patients = sample(seed, n=60, digits=digits)
    curve = roc(targets, scores, patients)
    rate, sensitivity, _ = roc_curve(targets, scores, drop_intermediate=False)
    known = set(zip(rate.round(9), sensitivity.round(9), strict=True))
    corners = np.round(curve.false_positive_rate, 9), np.round(curve.sensitivity, 9)
    assert set(zip(*corners, strict=True)) <= known
    assert auc(*corners) == pytest.approx(auc(rate, sensitivity)) == pytest.approx(curve.area.value)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_precision_recall_agrees_with_scikit_learn(seed, digits):
    targets, scores, patients = sample(seed, n=60, digits=digits)
    curve = precision_recall(targets, scores, patients)
    steps = np.diff(curve.recall) @ np.array(curve.precision[1:])
    assert steps == pytest.approx(average_precision_score(targets, scores)) == pytest.approx(curve.area.value)
    precision, recall, _ = precision_recall_curve(targets, scores)
    known = set(zip(recall.round(9), precision.round(9), strict=True))
    assert set(zip(np.round(curve.recall[1:], 9), np.round(curve.precision[1:], 9), strict=True)) <= known


def test_curves_tell_the_same_as_evaluate():
    targets, scores, patients = sample(1)
    evaluation = evaluate(targets, np.c_[1 - scores, scores], patients, ["a", "b"], threshold=0.4, resamples=60)
    ranked = roc(targets, scores, patients, threshold=0.4)
    recalled = precision_recall(targets, scores, patients, threshold=0.4)
    metrics = evaluation.metrics
    assert ranked.area == metrics["auroc"] and recalled.area == metrics["auprc"]
    assert reliability(targets, scores, patients, resamples=60).error == metrics["calibration_error"]
    assert ranked.operating_point == pytest.approx((1 - metrics["specificity"].value, metrics["sensitivity"].value))
    assert recalled.operating_point == pytest.approx((metrics["sensitivity"].value, metrics["precision"].value))


@pytest.mark.parametrize("draw", [roc, precision_recall])
def test_bands_hold_the_curve(draw):
    targets, scores, patients = sample(2, n=400)
    curve = draw(targets, scores, patients)
    low, high = np.array(curve.low), np.array(curve.high)
    across = np.array(curve.grid)
    if draw is roc:
        middle = np.interp(across, curve.false_positive_rate, curve.sensitivity)
    else:
        middle = np.array(curve.precision)[np.searchsorted(curve.recall, across - 1e-9)]
    assert (low <= high).all() and low.min() >= 0 and high.max() <= 1
    assert ((low <= middle) & (middle <= high)).mean() > 0.95


def test_a_band_holds_what_is_near_at_some_threshold():
    targets, scores, patients = sample(4, n=40)
    curve = roc(targets, scores, patients)
    owners = number_patients(patients)[0]
    most, low, high = 1.959964, 1.0, 0.0
    for threshold in (*np.unique(scores), np.inf):
        passed = share_estimate(scores[targets == 0] < threshold, owners[targets == 0])
        shares = [Rates.of(*(np.bincount(owners[side], weights, owners.max() + 1).reshape(-1, 1) for weights in both))
                  for side, both in ((targets == 0, ((scores < threshold)[targets == 0], None)),
                                     (targets == 1, ((scores >= threshold)[targets == 1], None)))]  # fmt: skip
        assert shares[0].values[0] == pytest.approx(passed.value)
        if (far := shares[0].distances(0.7)[0]) <= most:
            ends = shares[1].ends(2 * norm.cdf(np.sqrt(most**2 - far**2)) - 1)
            low, high = min(low, ends[0][0]), max(high, ends[1][0])
    assert (curve.low[30], curve.high[30]) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize("draw", [roc, precision_recall])
def test_a_band_has_a_width_where_all_images_are_right(draw):
    curve = draw([0] * 20 + [1] * 20, np.arange(40) / 40, np.arange(40))
    low, high = np.array(curve.low), np.array(curve.high)
    assert (high[:-1] - low[:-1] > 0.1).all() and high[50] == 1 and 0.6 < low[50] < 0.9


def test_reliability_counts_every_image():
    targets, scores, patients = sample(3, n=300)
    curve = reliability(targets, scores, patients, resamples=50)
    assert sum(curve.counts) == sum(curve.histogram) == 300 and len(curve.counts) == 15
    assert np.dot(curve.observed, curve.counts) == pytest.approx(targets.sum())
    assert np.dot(curve.predicted, curve.counts) == pytest.approx(scores.sum())
    assert (np.subtract(curve.observed, curve.low) > -1e-9).all()
    assert (np.subtract(curve.high, curve.observed) > -1e-9).all()
    assert (np.diff(curve.predicted) > 0).all()
    alike = reliability(targets, scores, np.arange(300) // 30, resamples=50)
    assert np.subtract(alike.high, alike.low).mean() > np.subtract(curve.high, curve.low).mean()


@pytest.mark.parametrize("draw", [roc, precision_recall, reliability])
def test_json_is_plain_even_for_one_patient(draw):
    curve = draw([0, 1, 1], [0.2, 0.2, 0.9], ["a", "a", "a"])
    values = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert values.get("grid", []) == []
    assert [name for name in values if name in ("area", "error")]


def test_a_threshold_that_nothing_reaches_has_no_precision():
    assert precision_recall([0, 1], [0.2, 0.3], ["a", "b"], threshold=0.9).operating_point is None
    assert roc([0, 1], [0.2, 0.3], ["a", "b"], threshold=0.9).operating_point == (0, 0)


@pytest.mark.parametrize(
    ("draw", "targets", "scores", "message"),
    [
        (roc, [1, 1], [0.1, 0.2], "no negative image"),
        (precision_recall, [0, 0], [0.1, 0.2], "no positive image"),
        (roc, [0, 1], [0.1, np.nan], "not finite"),
        (roc, [0, 2], [0.1, 0.2], "other than 0 and 1"),
        (roc, [0, 1], [0.1], "give one of each for every image"),
        (reliability, [0, 1], [0.1, 1.2], "0.1 to 1.2"),
    ],
)
def test_bad_input_is_refused(draw, targets, scores, message):
    with pytest.raises(DataError, match=message):
        draw(targets, scores, ["a", "b"])


def test_no_images_are_refused():
    with pytest.raises(DataError, match="no images"):
        reliability([], [], [])
