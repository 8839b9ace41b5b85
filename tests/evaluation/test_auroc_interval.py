"""The interval of an AUROC against a slow version that compares every pair, and what must hold for all data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import beta, norm, rankdata, t
from sklearn.metrics import roc_auc_score

from chestnut.errors import DataError
from chestnut.evaluation.intervals.auroc import AurocVariance, auroc_estimate, place_within_folds
from chestnut.evaluation.ranking_metrics import Ranking, auroc_within_folds

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.integers(0, 15)), min_size=6, max_size=60)


def cohort(seed, patients=30, images=4, separation=1.5, correlation=0.5):
    """Patients of either class with correlated scores."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, images + 1, patients)
    owners = np.repeat(np.arange(patients), sizes)
    truth = (np.arange(patients) % 2 == 0)[owners]
    noise = math.sqrt(correlation) * rng.normal(size=patients)[owners]
    scores = separation * truth + noise + math.sqrt(1 - correlation) * rng.normal(size=len(owners))
    return truth, scores, owners


def mean_squares(truth, scores, owners):
    """The analysis of variance of normal scores within the classes, in loops."""
    between = within = free_between = free_within = spread = 0
    for of_class in (True, False):
        own, people = scores[truth == of_class], owners[truth == of_class]
        normal = norm.ppf((rankdata(own) - 0.5) / len(own))
        groups = [normal[people == one] for one in set(people.tolist())]
        between += sum(len(group) * (group.mean() - normal.mean()) ** 2 for group in groups)
        within += sum(((group - group.mean()) ** 2).sum() for group in groups)
        free_between += len(groups) - 1
        free_within += len(own) - len(groups)
        spread += len(own) - sum(len(group) ** 2 for group in groups) / len(own)
    above, below = between / free_between, within / free_within
    return max(0, (above - below) / (above + (spread / free_between - 1) * below))


def slow_interval(truth, scores, owners):
    """The formulas one after another, for at least two patients a class and an AUROC from 0.5 to below 1."""
    wins = (scores[truth][:, None] > scores[~truth]) + 0.5 * (scores[truth][:, None] == scores[~truth])
    area = wins.mean()
    m = {c: np.array([(owners[truth == c] == i).sum() for i in set(owners.tolist())]) for c in (True, False)}
    share = {True: wins.mean(axis=1), False: wins.mean(axis=0)}
    excess = {
        c: np.array([share[c][owners[truth == c] == i].sum() for i in set(owners.tolist())]) - m[c] * area
        for c in (True, False)
    }
    images = {c: m[c].sum() for c in m}
    people = {c: (m[c] > 0).sum() for c in m}
    parts = {c: people[c] / (people[c] - 1) * (excess[c] ** 2).sum() / images[c] ** 2 for c in m}
    total = len(set(owners.tolist()))
    both = 2 * total / (total - 1) * (excess[True] * excess[False]).sum() / (images[True] * images[False])
    variance = sum(parts.values()) + both
    rho = (1 + mean_squares(truth, scores, owners)) / 2
    e1, e0 = (images[c] ** 2 / (m[c] * (1 + (m[c] - 1) * rho)).sum() for c in (True, False))

    def at(theta):
        pairs = (1 - theta) / (2 - theta) + theta / (1 + theta)
        return theta * (1 - theta) / (e1 * e0) * (1 + ((e1 + e0) / 2 - 1) * pairs)

    s = max(1, variance / at(area))
    reach = t.ppf(0.975, people[True] + people[False] - 2)
    low = brentq(lambda theta: area - theta - reach * math.sqrt(s * at(theta)), 1e-12, area - 1e-12, xtol=1e-13)
    high = brentq(lambda theta: theta - area - reach * math.sqrt(s * at(theta)), area + 1e-12, 1 - 1e-14, xtol=1e-13)
    nu = sum(parts.values()) ** 2 / sum(parts[c] ** 2 / (people[c] - 1) for c in parts)
    k1, k0 = (images[c] ** 2 / (m[c] ** 2).sum() for c in (True, False))
    n = area * (1 - area) / variance * (norm.ppf(0.975) / t.ppf(0.975, nu)) ** 2
    n = min(max(n, min(k1, k0)), max(4 * k1 * k0 / (k1 + k0), min(k1, k0)))
    guard = beta.ppf([0.025, 0.975], area * n + 0.5, (1 - area) * n + 0.5)
    return area, min(low, guard[0]), max(high, guard[1])


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_a_slow_version(seed):
    truth, scores, owners = cohort(seed, separation=0.5 + 0.4 * (seed % 4), correlation=0.3 * (seed % 3))
    if seed % 2:
        scores = scores.round()  # ties
        owners[:3] = owners[-1]  # patients with images of both classes
    found = auroc_estimate(truth, scores, owners)
    assert (found.value, found.low, found.high) == pytest.approx(slow_interval(truth, scores, owners), abs=1e-7)


@settings(max_examples=50, deadline=None)
@given(rows, st.integers(0, 100))
def test_ends_hold_the_value_whatever_the_order_and_the_direction(given_rows, seed):
    truth, scores, owners = (np.array(column) for column in zip(*given_rows, strict=True))
    found = auroc_estimate(truth, scores, owners)
    if truth.all() or not truth.any():
        assert found.value is None and found.low is None
        return
    assert found.value == pytest.approx(roc_auc_score(truth, scores))
    assert 0 <= found.low <= found.value <= found.high <= 1 and found.low < found.high
    order = np.random.default_rng(seed).permutation(len(truth))
    again = auroc_estimate(truth[order], scores[order], owners[order])
    assert (again.low, again.high) == pytest.approx((found.low, found.high), abs=1e-9)
    for turned in (auroc_estimate(truth, -scores, owners), auroc_estimate(~truth, scores, owners)):
        assert (1 - turned.high, 1 - turned.low) == pytest.approx((found.low, found.high), abs=1e-9)


def test_a_perfect_order_of_few_patients_says_little():
    few = auroc_estimate(np.arange(20) >= 10, np.arange(20), np.arange(20))
    many = auroc_estimate(np.arange(2000) >= 1000, np.arange(2000), np.arange(2000))
    repeated = auroc_estimate(np.arange(2000) >= 1000, np.arange(2000), np.arange(2000) // 100)
    assert few.high == many.high == 1 and few.low < 0.8 and many.low > 0.99
    assert repeated.low == pytest.approx(few.low, abs=0.05)


def test_one_patient_in_a_class_and_in_all():
    truth = np.array([True] * 3 + [False] * 10)
    one = auroc_estimate(truth, np.arange(13), np.array([0, 0, 0, *range(1, 11)]))
    assert one.value == 0 and one.high > 0.5
    alone = auroc_estimate(truth, np.arange(13)[::-1], np.zeros(13, dtype=int))
    assert alone.value == 1 and alone.low < 0.05


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 4))
def test_images_that_repeat_each_other_say_nothing_new(seed, times):
    truth, scores, owners = cohort(seed, images=1)
    once = auroc_estimate(truth, scores, owners)
    repeated = auroc_estimate(*(np.repeat(values, times) for values in (truth, scores, owners)))
    assert repeated.value == pytest.approx(once.value)
    assert repeated.high - repeated.low == pytest.approx(once.high - once.low, rel=0.1)


def test_the_influences_are_those_of_leaving_patients_out():
    truth, scores, owners = cohort(4, patients=200)
    influence = AurocVariance.of(truth, scores, owners).influence.parts
    area = roc_auc_score(truth, scores)
    left = [roc_auc_score(truth[owners != one], scores[owners != one]) for one in range(200)]
    np.testing.assert_allclose(influence, area - np.array(left), atol=2e-4)
    assert abs(influence.sum()) < 1e-12


def test_scores_that_do_not_fit():
    with pytest.raises(DataError, match="give one of each"):
        auroc_estimate([True, False], [0.1, 0.2, 0.3], np.arange(2))
    with pytest.raises(DataError, match="NaN or infinite"):
        auroc_estimate([True, False], [0.1, np.nan], np.arange(2))


def test_within_folds_only_images_of_one_fold_are_compared():
    truth, scores, owners = cohort(6, patients=60)
    folds = owners % 3
    shifted = scores + 10 * folds
    placements, weights = place_within_folds(truth, shifted, folds)
    found = AurocVariance.of(truth, placements, owners, weights)
    rankings = [Ranking.of(truth[folds == fold], scores[folds == fold], owners[folds == fold]) for fold in range(3)]
    assert found.area == pytest.approx(auroc_within_folds(rankings, np.ones((60, 1)))[0])
    pooled = auroc_estimate(truth, scores, owners)
    low, high = found.interval()
    assert high - low == pytest.approx(pooled.high - pooled.low, rel=0.2)
    one = place_within_folds(truth, scores, np.zeros(len(truth), dtype=int))
    assert AurocVariance.of(truth, one[0], owners, one[1]).interval() == pytest.approx(
        (pooled.low, pooled.high), abs=0.01
    )
    lone = np.where(np.arange(len(truth)) == 0, 9, folds)  # a fold of one image
    assert place_within_folds(truth, scores, lone)[1][0] == 0
