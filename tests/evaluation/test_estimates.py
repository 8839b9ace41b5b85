"""The intervals of every metric: what must hold for all data, and each way against a slow version or its definition."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, gamma

from chestnut.evaluation.calibration.error import equal_mass_bins
from chestnut.evaluation.calibration.error_interval import mean_errors, sample_errors
from chestnut.evaluation.intervals.auprc import auprc_share
from chestnut.evaluation.intervals.class_means import Part, mean_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.influence import Influence, correlate, shrink
from chestnut.evaluation.intervals.loss import loss_estimate
from chestnut.evaluation.intervals.rates import Rates, lr_positive
from chestnut.evaluation.intervals.shares import Share
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import evaluate
from chestnut.evaluation.ranking_metrics import Ranking

NAMES = ("NORMAL", "PNEUMONIA", "COVID")
RANGES = {"mcc": (-1, 1), "loss": (0, 16), "lr_positive": (0, math.inf), "lr_negative": (0, math.inf)}


def sample(seed, patients=40, images=3, k=2, skill=1.5, decimals=9):
    """Targets, probabilities and patients; every class has two patients at least."""
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(k), np.arange(k), rng.integers(0, k, patients)]
    owners = np.repeat(np.arange(len(labels)), rng.integers(1, images + 1, len(labels)))
    targets = labels[owners]
    noise = rng.normal(size=(len(labels), k))[owners] + rng.normal(size=(len(owners), k))
    logits = (skill * np.eye(k)[targets] + noise).round(decimals)
    weights = np.exp(logits)
    return targets, weights / weights.sum(axis=1, keepdims=True), owners


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 3), skill=st.sampled_from([0, 1.5, 9]), decimals=st.integers(0, 3))
def test_every_interval_holds_its_figure_within_its_range(seed, k, skill, decimals):
    evaluation = evaluate(*sample(seed, 12, k=k, skill=skill, decimals=decimals), NAMES[:k], resamples=30)
    for figures in (evaluation.metrics, *evaluation.per_class.values()):
        for name, one in figures.items():
            least, most = RANGES.get(name, (0, 2 if name == "brier" and k > 2 else 1))
            if one.value is None:
                assert one.high is None, name
                continue
            high = math.inf if one.high is None else one.high
            assert least - 1e-9 <= one.low <= one.value <= high <= most + 1e-9, name
            assert one.low < high, name


def test_images_in_any_order_have_the_same_intervals():
    targets, probabilities, owners = sample(3, k=3)
    order = np.random.default_rng(0).permutation(len(targets))
    one = evaluate(targets, probabilities, owners, NAMES, resamples=50).metrics
    other = evaluate(targets[order], probabilities[order], owners[order], NAMES, resamples=50).metrics
    for name in METRICS:
        for end in ("value", "low", "high"):
            assert getattr(one[name], end) == pytest.approx(getattr(other[name], end), abs=1e-9), name


@pytest.mark.parametrize("k", [2, 3])
def test_repeated_images_of_a_patient_add_no_certainty(k):
    targets, probabilities, owners = sample(5, patients=100, images=1, k=k)
    once = evaluate(targets, probabilities, owners, NAMES[:k], resamples=200).metrics
    three = np.repeat(np.arange(len(targets)), 3)
    thrice = evaluate(targets[three], probabilities[three], owners[three], NAMES[:k], resamples=200).metrics
    for name in set(METRICS) - {"calibration_error"}:  # which gains bins
        assert thrice[name].value == pytest.approx(once[name].value, abs=1e-9), name
        width = once[name].high - once[name].low
        assert thrice[name].high - thrice[name].low == pytest.approx(width, rel=0.1), name


def test_more_correct_images_move_every_figure_of_decisions():
    found = []
    for hits in range(1, 20):
        scores = np.r_[np.full(hits, 0.9), np.full(20 - hits, 0.2), np.full(3, 0.8), np.full(17, 0.1)]
        targets = np.repeat([1, 0], 20)
        found.append(evaluate(targets, np.c_[1 - scores, scores], np.arange(40), NAMES[:2], resamples=20).metrics)
    for name in ("sensitivity", "accuracy", "balanced_accuracy", "f1", "npv", "mcc"):
        ends = np.array([(one[name].low, one[name].high) for one in found])
        assert (np.diff(ends, axis=0) > -0.01).all() and (ends[-1] > ends[0]).all(), name


def test_f1_is_made_of_the_share_of_correct_among_positive_or_decided_positive():
    targets, probabilities, owners = sample(8, images=1)
    decided = probabilities[:, 1] >= 0.5
    either = (targets == 1) | decided
    share = Share.of(((targets == 1) & decided).astype(float), either.astype(float)).interval()
    found = evaluate(targets, probabilities, owners, NAMES[:2], resamples=20).metrics["f1"]
    assert (found.low, found.high) == pytest.approx(tuple(2 * end / (1 + end) for end in share))


def test_draws_of_one_rate_have_the_ends_of_its_exact_interval():
    rates = [Share(0.9, 50.0), Share(1.0, 30.0)]
    drawn = Rates.draw(rates, np.repeat(np.eye(2), 50, axis=1), seed=0)
    found = drawn.estimate(0.9, lambda rate, share: rate[0])
    exact = beta.ppf([0.025, 0.975], [45, 46], [6, 5])
    assert (found.low, found.high) == pytest.approx(tuple(exact), abs=0.005)
    sure = drawn.estimate(1.0, lambda rate, share: rate[1])
    assert (sure.low, sure.high) == pytest.approx((0.025 ** (1 / 30), 1), abs=0.005)
    assert drawn.shares.sum(axis=0) == pytest.approx(np.ones(drawn.shares.shape[1]))
    assert drawn.shares[0].std() == pytest.approx(math.sqrt(0.25 / 102), rel=0.05)
    assert drawn.estimate(math.nan, lr_positive) == Estimate(None)
    sure = Rates.draw([Share(1.0, 9.0), Share(1.0, 9.0)], np.repeat(np.eye(2), 9, axis=1), seed=0)
    endless = sure.estimate(math.inf, lr_positive)
    assert endless.value is None and endless.high is None and 2 < endless.low < 5


def test_the_auprc_has_the_variance_of_leaving_patients_out():
    targets, probabilities, owners = sample(9, patients=300)
    ranking = Ranking.of(targets == 1, probabilities[:, 1], owners)
    share, influence = auprc_share(ranking)
    people = len(influence.parts)
    without = ranking.areas(np.ones((people, people)) - np.eye(people))[1]
    assert share.value == pytest.approx(ranking.areas(np.ones((people, 1)))[1][0])
    np.testing.assert_allclose(influence.parts, share.value - without, atol=4e-4)
    assert influence.parts.sum() == pytest.approx(0, abs=1e-12)
    assert influence.variance == pytest.approx(((without - share.value) ** 2).sum(), rel=0.05)
    sizes = np.bincount(owners, targets == 1)
    patients = sizes.sum() ** 2 / (sizes**2).sum()
    spread = share.value * (1 - share.value)
    worst = spread / patients * (1 + math.log(patients))
    assert share.size == pytest.approx(spread / shrink(influence, worst))


def test_a_perfect_auprc_counts_the_positive_patients():
    ranking = Ranking.of([1] * 8 + [0] * 90, np.arange(98)[::-1], np.r_[0, 0, 1, 1, 2, 2, 3, 3, np.arange(4, 94)])
    assert auprc_share(ranking)[0].interval() == pytest.approx((0.025**0.25, 1))


def test_a_loss_has_the_ends_of_a_poisson_mean():
    losses, owners = np.r_[np.zeros(95), np.ones(5)], np.arange(100)
    found = loss_estimate(losses, np.ones(100), owners)
    events = 5 / (100 / 99 * 0.95 * found_freedom(losses) + 1) * (found_freedom(losses) + 1)
    assert found.low == pytest.approx(0.05 / events * gamma.ppf(0.025, events))
    assert found.high == pytest.approx(0.05 / events * gamma.ppf(0.975, events + 1))
    sure = loss_estimate(np.zeros(20), np.full(20, 3.0), np.arange(20), most=16)
    assert (sure.low, sure.high) == pytest.approx((0, 3 / 20 * -math.log(0.025)))
    assert loss_estimate(np.zeros(2), np.zeros(2), np.arange(2), most=16) == Estimate(0, 0, 16)


def found_freedom(values):
    squares = (values - values.mean()) ** 2
    return squares.sum() ** 2 / (squares**2).sum()


def test_the_variance_is_shrunk_by_one_degree_of_freedom():
    trials = np.array([1.0, 2, 3, 4])
    influence = Influence.of(np.array([1.0, 1, 2, 4]), trials)
    squares = influence.parts**2
    freedom = squares.sum() ** 2 / (squares**2).sum()
    assert influence.parts.sum() == pytest.approx(0)
    assert shrink(influence, 0.7) == pytest.approx((freedom * 4 / 3 * squares.sum() + 0.7) / (freedom + 1))
    assert shrink(Influence.of(trials, trials), 0.7) == 0.7


def test_correlations_of_figures_are_between_those_of_patients_apart_and_alike():
    rng = np.random.default_rng(0)
    ones = np.ones(500)
    first, noise = rng.normal(size=500), rng.normal(size=500)
    one, same = Influence.of(first, ones), Influence.of(first, ones)
    assert correlate(one, same) == pytest.approx(1)
    assert correlate(one, Influence.of(0.6 * first + 0.8 * noise, ones)) == pytest.approx(0.6, abs=0.1)
    sure = Influence.of(ones, ones)
    assert correlate(sure, sure) == 1
    apart = Influence.of(np.r_[np.ones(250), np.zeros(250)], np.r_[np.ones(250), np.zeros(250)])
    other = Influence.of(np.r_[np.zeros(250), np.ones(250)], np.r_[np.zeros(250), np.ones(250)])
    assert correlate(apart, other) == 0


def test_a_mean_over_classes_combines_the_ends_as_deviations():
    flat = [Influence(np.r_[np.eye(4)[k]], np.eye(4)[k]) for k in range(3)]
    apart = [Part(Estimate(0.9, 0.8, 0.95), one) for one in flat[:2]]
    found = mean_estimate(apart)
    assert (found.low, found.high) == pytest.approx((0.9 - 0.1 / math.sqrt(2), 0.9 + 0.05 / math.sqrt(2)))
    alike = mean_estimate([apart[0], apart[0]])
    assert (alike.low, alike.high) == pytest.approx((0.8, 0.95))
    assert mean_estimate([apart[0], Part(Estimate(None))]) == Estimate(None)
    assert mean_estimate([Part(Estimate(5.0, 3.0, 9.0), flat[0]), Part(Estimate(None, 2.0))]) == Estimate(None, 2.5)
    assert mean_estimate([Part(Estimate(5.0, 3.0), flat[0])]) == Estimate(5.0, 3.0)
    assert mean_estimate([Part(Estimate(0.5)), Part(Estimate(0.7))]) == Estimate(0.6)


def test_calibration_errors_by_chance_equal_a_slow_loop():
    targets, probabilities, owners = sample(2, patients=30, k=3)
    found = sample_errors(targets, probabilities, owners, [0, 2], draws=5, seed=4)
    bins = {number: equal_mass_bins(probabilities[:, number]) for number in (0, 2)}

    def error(number, gaps):
        return sum(abs(gaps[bins[number] == b].sum()) for b in set(bins[number])) / len(gaps)

    random = np.random.default_rng(4)
    signs = random.choice([-1.0, 1.0], (owners.max() + 1, 5))
    heights = random.random((owners.max() + 1, 5))
    for number, one in zip((0, 2), found, strict=True):
        gaps = probabilities[:, number] - (targets == number)
        assert one.value == pytest.approx(error(number, gaps))
        for draw in range(5):
            assert one.null[0, draw] == pytest.approx(error(number, gaps * signs[owners, draw]))
            low = probabilities[:, :number].sum(axis=1)
            height = heights[owners, draw]
            drawn = (height >= low) & (height < low + probabilities[:, number])
            assert one.null[1, draw] == pytest.approx(error(number, probabilities[:, number] - drawn))
    both = mean_errors(found)
    assert both.value == pytest.approx((found[0].value + found[1].value) / 2)
    assert both.drawn == pytest.approx((found[0].drawn + found[1].drawn) / 2)


def test_the_calibration_error_of_a_calibrated_network_may_be_zero_and_of_another_is_not():
    rng = np.random.default_rng(0)
    chance = rng.random(600)
    targets, owners = (rng.random(600) < chance).astype(int), np.arange(600) // 2
    good = evaluate(targets, np.c_[1 - chance, chance], owners, NAMES[:2], resamples=200).metrics
    assert good["calibration_error"].low == 0
    worse = np.c_[1 - chance**3, chance**3]
    assert evaluate(targets, worse, owners, NAMES[:2], resamples=200).metrics["calibration_error"].low > 0.1


def test_all_metrics_of_a_thousand_images_take_a_moment():
    targets, probabilities, owners = sample(0, patients=500)
    started = time.process_time()
    evaluate(targets, probabilities, owners, NAMES[:2], resamples=2000)
    assert len(targets) > 900 and time.process_time() - started < 2
