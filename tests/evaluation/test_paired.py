"""Two networks on the same patients: tests and intervals of their difference, against slow and exact versions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.paired.contributions import Contributions, Noise
from chestnut.evaluation.paired.difference import Spread, difference_of
from chestnut.evaluation.paired.means import mean_estimate, share_of
from chestnut.evaluation.paired.ratio import ratio_of
from chestnut.evaluation.ranking_metrics import place
from chestnut.evaluation.seen import Seen


def slow_delong(truth, first, second):
    """The definition, pair by pair (DeLong 1988, equations 3 to 8)."""
    kernel = [
        np.array([[(p > n) + (p == n) / 2 for n in scores[~truth]] for p in scores[truth]])
        for scores in (first, second)
    ]
    v10, v01 = np.array([k.mean(axis=1) for k in kernel]), np.array([k.mean(axis=0) for k in kernel])
    s = np.cov(v10) / truth.sum() + np.cov(v01) / (~truth).sum()
    return kernel[0].mean() - kernel[1].mean(), s[0, 0] + s[1, 1] - 2 * s[0, 1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6)), min_size=6, max_size=40))
def test_with_one_image_a_patient_it_is_delongs_test_with_ties(rows):
    truth = np.array([row[0] for row in rows])
    if min(truth.sum(), (~truth).sum()) < 2:
        return
    first, second = (np.array([row[at] for row in rows], dtype=float) for at in (1, 2))
    owners = np.arange(len(rows))
    found = Contributions.of_auroc(truth, first, owners) - Contributions.of_auroc(truth, second, owners)
    value, variance = slow_delong(truth, first, second)
    assert (found.value, Spread.of(found).seen.variance) == pytest.approx((value, variance), abs=1e-12)
    assert Contributions.of_auroc(truth, first, owners).value == pytest.approx(roc_auc_score(truth, first))
    one, other = difference_of(found), difference_of(found.scaled(-1))
    assert (one.p, one.low, one.high) == pytest.approx((other.p, -other.high, -other.low))
    assert one.low < one.value < one.high and (one.p < 0.05) == (one.low > 0 or one.high < 0)


@pytest.mark.parametrize(("better", "worse"), [(12, 3), (9, 4), (20, 8), (8, 1), (30, 25)])
def test_with_one_image_a_patient_decisions_are_those_of_mcnemars_test(better, worse):
    first, second = np.zeros(200), np.zeros(200)
    first[:better], second[better : better + worse] = 1, 1
    owners = np.arange(200)
    found = difference_of(Contributions.of_mean(first, owners) - Contributions.of_mean(second, owners))
    outer, inner = binomtest(worse, better + worse), binomtest(worse - 1, better + worse)
    middle = (outer.pvalue + inner.pvalue) / 2  # the mid-p value, which McNemar's test without correction approaches
    assert found.p == pytest.approx(middle, abs=0.02)


def test_the_auroc_is_tested_as_by_permutation_of_patients():
    """Exact: each of 10 patients, with 2 images, has the scores of the networks in one order or the other."""
    random = np.random.default_rng(8)
    owners, patients = np.repeat(np.arange(10), 2), np.arange(10)
    truth = owners % 2 == 0
    first, second = (gap * truth + random.normal(0, 1, 20) + random.normal(0, 0.5, 10)[owners] for gap in (2, 0.4))
    lead = roc_auc_score(truth, first) - roc_auc_score(truth, second)
    turns = (np.arange(2**10)[:, None] >> patients & 1).astype(bool)[:, owners]
    drawn = [
        place(truth, np.where(turn, second, first))[truth].mean()
        - place(truth, np.where(turn, first, second))[truth].mean()
        for turn in turns
    ]
    exact = np.mean(np.abs(drawn) >= abs(lead) - 1e-12)
    figures = [Contributions.of_auroc(truth, scores, owners) for scores in (first, second)]
    found = difference_of(figures[0] - figures[1])
    assert found.value == pytest.approx(lead) and found.p == pytest.approx(exact, abs=0.03)


@given(st.integers(0, 99), st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_copies_of_images_and_the_order_of_rows_are_of_no_account(seed, copies):
    random = np.random.default_rng(seed)
    owners = random.integers(0, 12, 40)
    truth, first, second = owners % 2 == 0, random.normal(size=40), random.normal(size=40)

    def p(rows):
        parts = [Contributions.of_auroc(truth[rows], scores[rows], owners[rows]) for scores in (first, second)]
        return difference_of(parts[0] - parts[1]).p

    alone = p(np.arange(40))
    assert p(random.permutation(40)) == pytest.approx(alone)
    assert p(np.tile(np.arange(40), copies)) == pytest.approx(alone)


@pytest.mark.parametrize("patients", [2, 5, 20, 300])
def test_two_networks_that_are_right_everywhere_may_still_differ(patients):
    owners = np.arange(2 * patients)
    truth = owners % 2 == 0
    right = Contributions.of_mean(np.ones(len(owners)), owners)
    area = Contributions.of_auroc(truth, truth * 1.0, owners)
    for figure in (right, area):
        found = difference_of(figure - figure)
        assert found.value == 0 and found.p == 1 and found.low == -found.high < -0.5 / len(owners)


def test_a_network_that_is_wrong_everywhere_is_worse_though_no_patient_differs_from_another():
    owners = np.arange(40)
    truth = owners % 2 == 0
    right, wrong = (Contributions.of_auroc(truth, sign * truth, owners) for sign in (1.0, -1.0))
    found = difference_of(right - wrong)
    assert found.value == 1 and found.p < 1e-6 and 0.5 < found.low < found.high


@pytest.mark.parametrize(
    ("sensitivities", "patients"),
    [((1.0, 0.85), 20), ((1.0, 0.93), 50), ((0.98, 0.9), 20)],
)
def test_intervals_of_differences_hold_the_truth_near_the_ceiling(sensitivities, patients):
    """Where few patients differ, percentiles of a bootstrap hold it in 0.7 to 0.88 of the samples only."""
    random, held, owners, repetitions = np.random.default_rng(0), 0, np.arange(patients), 300
    truth = sensitivities[0] - sensitivities[1]
    for _ in range(repetitions):
        luck = random.random(patients)
        first, second = (Contributions.of_mean(luck < share, owners) for share in sensitivities)
        found = difference_of(first - second)
        held += found.low <= truth <= found.high
    assert held / repetitions >= 0.92


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_equal_networks_are_told_apart_in_one_study_of_twenty_at_most(spread):
    random, found, studies = np.random.default_rng(5), 0, 150
    for _ in range(studies):
        owners = np.repeat(np.arange(60), 2)
        truth = owners % 2 == 0
        signal = 1.5 * truth + spread * random.normal(0, 1, 60)[owners]
        areas = [Contributions.of_auroc(truth, signal + random.normal(0, 1, 120), owners) for _ in "ab"]
        found += difference_of(areas[0] - areas[1]).p < 0.05
    assert 1 <= found <= studies * 0.05 + 3 * np.sqrt(studies * 0.05 * 0.95)


@pytest.fixture(scope="module")
def seen():
    """Two networks on 90 images of 40 patients."""
    random = np.random.default_rng(3)
    owners = np.concatenate([np.arange(40), random.integers(0, 40, 50)])
    truth = (owners % 3 == 0).astype(np.int64)
    scores = [1 / (1 + np.exp(-random.normal(2.5 * truth - 1, 1))) for _ in "ab"]
    return [Seen(truth, np.stack([1 - one, one], axis=1), owners) for one in scores]


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_difference(seen, metric):
    first, second = (one.figure(metric) for one in seen)
    found = difference_of(first - second)
    assert found.value == pytest.approx(first.value - second.value)
    assert found.low < found.value < found.high and 0 < found.p <= 1


def test_a_jackknife_of_a_mean_is_the_mean(seen):
    values, owners = (seen[0].decisions == seen[0].truth) * 1.0, seen[0].owners
    without = np.array([values[owners != patient].mean() for patient in range(40)])
    shares = np.bincount(owners) / len(owners)
    found = Contributions.of_jackknife(float(values.mean()), without, shares, 1.0)
    known = Contributions.of_mean(values, owners)
    assert found.parts == pytest.approx(known.parts) and found.unseen == known.unseen


def test_a_figure_that_hangs_on_one_patient_has_no_interval():
    truth = np.array([0, 0, 0, 1, 1, 1])
    once = Seen(truth, np.array([[0.9, 0.1]] * 5 + [[0.1, 0.9]]), np.arange(6))
    found = difference_of(once.figure("precision") - once.figure("precision"))
    assert (found.value, found.low, found.p) == (0, None, None)
    alone = difference_of(Contributions.of_auroc(truth == 1, truth * 1.0, np.array([0, 1, 2, 3, 3, 3])))
    assert (alone.value, alone.low, alone.p) == (1, None, None)
    assert difference_of(Contributions.of_auroc(truth > 1, truth * 1.0, np.arange(6))).value is None


def test_the_variance_between_trainings_is_added_once():
    random = np.random.default_rng(0)
    owners, base = np.arange(50), random.random(50)
    equal = Contributions.mean_of_repeats([Contributions.of_mean(base, owners)] * 3)
    assert equal.noise == (Noise(0.0, 2),)
    apart = [Contributions.of_mean(base + shift, owners) for shift in (0.0, 0.1, 0.2)]
    (noise,) = Contributions.mean_of_repeats(apart).noise
    assert (noise.variance, noise.freedom) == pytest.approx((0.01 / 3, 2))
    # trainings that differ by luck with each patient: that luck is in the variance between patients
    lucky = [Contributions.of_mean(base + random.normal(0, 1, 50), owners) for _ in range(8)]
    values = [one.value for one in lucky]
    assert Contributions.mean_of_repeats(lucky).noise[0].variance < 0.7 * np.var(values, ddof=1) / 8
    wide, narrow = (difference_of(Contributions.mean_of_repeats(one)) for one in (apart, [apart[1]] * 3))
    assert wide.high - wide.low > narrow.high - narrow.low


@pytest.mark.parametrize("value", [0.1, 0.2, 0.3, 1.0])
def test_few_seeds_reach_as_far_as_their_own_distribution_says(value):
    owners = np.arange(30)
    base = Contributions.of_mean(np.where(owners % 2, value + 0.2, value - 0.2), owners)
    alone, noisy = difference_of(base), difference_of(replace(base, noise=(Noise(0.02**2, 1),)))
    seen = Spread.of(base).seen.reach(0.95)
    assert alone.value - alone.low == pytest.approx(seen)
    if noisy.low > 0:
        assert noisy.value - noisy.low == pytest.approx(np.hypot(seen, 12.7062 * 0.02), rel=1e-4)
    assert (noisy.p < 0.05) == (noisy.low > 0) and noisy.p > alone.p
    edge = Spread.of(replace(base, noise=(Noise(0.02**2, 1),))).seen
    assert edge.p(edge.reach(0.99)) == pytest.approx(0.01, rel=1e-6)


def test_a_ratio_holds_what_the_figures_do_not_contradict():
    random = np.random.default_rng(1)
    owners = np.arange(400)
    whole = Contributions.of_mean(random.normal(2, 1, 400), owners)
    part = whole.scaled(0.5)
    found = ratio_of(part, whole)
    assert found.value == pytest.approx(0.5) and found.low < 0.5 < found.high and found.high - found.low < 0.05
    loose = ratio_of(Contributions.of_mean(random.normal(1, 1, 400), owners), whole)
    # Fieller's interval by the delta method, which so many patients allow
    error = np.sqrt(1 + loose.value**2) / (2 * np.sqrt(400))
    assert (loose.high - loose.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)
    unsure = Contributions.of_mean(np.linspace(-1, 1.05, 400), owners)
    assert unsure.value > 0 and ratio_of(part, unsure).low is None
    assert ratio_of(part, whole.scaled(-1)) == Estimate(None)


def test_means_of_estimates():
    parts = [Estimate(0.9, 0.8, 1.0), Estimate(0.7, 0.5, 0.8)]
    assert mean_estimate(parts) == Estimate(pytest.approx(0.8), pytest.approx(0.65), pytest.approx(0.9))
    noisy = mean_estimate(parts, [Noise(0.01, 4)])
    assert noisy.low == pytest.approx(0.8 - np.hypot(0.15, 2.776 * 0.1), abs=1e-3) and noisy.high == 1
    assert mean_estimate([*parts, Estimate(None)]) == Estimate(None)
    assert mean_estimate([*parts, Estimate(0.5)]) == Estimate(pytest.approx(0.7))
    assert share_of(np.ones(3, bool), np.arange(3), np.zeros(3, bool)) == Estimate(None)
