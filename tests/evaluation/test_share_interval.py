"""Intervals of shares against a slow version in loops, SciPy's exact interval, and what must hold for all data."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from chestnut.errors import DataError
from chestnut.evaluation.intervals.distributions import beta_quantile
from chestnut.evaluation.intervals.shares import Share, share_estimate

trials = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=60)


def columns(rows):
    hits, owners = (np.array(column) for column in zip(*rows, strict=True))
    return hits, owners


def slow_interval(hits, owners):
    """The formulas one after another, as the notes have them."""
    patients = sorted(set(owners.tolist()))
    m = [sum(1 for owner in owners if owner == i) for i in patients]
    x = [sum(int(hit) for hit, owner in zip(hits, owners, strict=True) if owner == i) for i in patients]
    total, count = sum(m), len(patients)
    p = sum(x) / total
    phi = [xi - p * mi for xi, mi in zip(x, m, strict=True)]
    largest = sum(mi**2 for mi in m) / total
    effect = largest
    if 0 < p < 1 and count > 1 and any(abs(one) > 1e-9 for one in phi):
        variance = count / (count - 1) * sum(one**2 for one in phi) / total**2
        observed = variance * total / (p * (1 - p))
        d = sum(one**2 for one in phi) ** 2 / sum(one**4 for one in phi)
        effect = max(1, (d * observed + largest) / (d + 1))
    n = total / effect
    low = 0 if p == 0 else beta.ppf(0.025, p * n, n - p * n + 1)
    high = 1 if p == 1 else beta.ppf(0.975, p * n + 1, n - p * n)
    return p, low, high


@settings(max_examples=60, deadline=None)
@given(trials)
def test_agrees_with_a_slow_version(rows):
    hits, owners = columns(rows)
    found = share_estimate(hits, owners)
    assert (found.value, found.low, found.high) == pytest.approx(slow_interval(hits, owners), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_one_image_a_patient_is_at_least_as_wide_as_the_exact_interval(case):
    hits, number = case
    found = share_estimate(np.arange(number) < hits, np.arange(number))
    exact = binomtest(hits, number).proportion_ci(method="exact")
    assert found.low <= exact.low + 1e-9 and found.high >= exact.high - 1e-9
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.5 / number)


@settings(max_examples=40, deadline=None)
@given(trials, st.integers(0, 100))
def test_ends_hold_the_value_whatever_the_order(rows, seed):
    hits, owners = columns(rows)
    found = share_estimate(hits, owners)
    assert 0 <= found.low <= found.value <= found.high <= 1 and found.low < found.high
    order = np.random.default_rng(seed).permutation(len(hits))
    again = share_estimate(hits[order], owners[order])
    assert (again.low, again.high) == pytest.approx((found.low, found.high), abs=1e-12)
    other = share_estimate(~hits, owners)
    assert (1 - other.high, 1 - other.low) == pytest.approx((found.low, found.high), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(trials.filter(lambda rows: len({owner for _, owner in rows}) > 1), st.integers(2, 5))
def test_images_that_repeat_each_other_say_nothing_new(rows, times):
    hits, owners = columns(rows)
    found = Share.of(np.bincount(owners, hits), np.bincount(owners).astype(float), least_effect=0)
    again = Share.of(times * np.bincount(owners, hits), times * np.bincount(owners).astype(float), least_effect=0)
    assert again.size == pytest.approx(found.size) and again.value == pytest.approx(found.value)


@given(st.integers(2, 40))
def test_more_hits_move_both_ends_up(patients):
    ends = [share_estimate(np.arange(patients) < hits, np.arange(patients)) for hits in range(patients + 1)]
    assert all(a.low < b.low and a.high <= b.high for a, b in pairwise(ends))


def test_where_all_are_right_patients_count_rather_than_images():
    many = share_estimate(np.ones(140), np.repeat(np.arange(14), 10))
    assert (many.low, many.high) == pytest.approx((0.025 ** (1 / 14), 1))
    wrong = share_estimate(np.zeros(140), np.repeat(np.arange(14), 10))
    assert (wrong.low, wrong.high) == pytest.approx((0, 1 - 0.025 ** (1 / 14)))
    assert share_estimate([1.0] * 50, np.zeros(50, dtype=int)).low == pytest.approx(0.025)


def test_a_quantile_at_the_limits():
    assert beta_quantile(0.3, [0, 2], [2, 0]).tolist() == [0, 1]
    assert beta_quantile(0.3, 2, 5) == pytest.approx(beta.ppf(0.3, 2, 5))


def test_trials_that_are_none():
    with pytest.raises(DataError, match="0 trials of 0 patients"):
        share_estimate([], np.array([], dtype=int))
    with pytest.raises(DataError, match="from 0 to 2"):
        share_estimate([0, 2], np.array([0, 1]))
    with pytest.raises(DataError, match="from 0 to 1"):
        share_estimate([0, np.nan], np.array([0, 1]))
