from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve

from chestnut.errors import DataError
from chestnut.evaluation.details.calibration_line import calibration_line
from chestnut.evaluation.details.decision_curve import THRESHOLDS, decision_curve
from chestnut.evaluation.details.details import Details, Predicted, compute_details
from chestnut.evaluation.details.fixed_points import fixed_points
from chestnut.evaluation.details.patient_level import patient_level
from chestnut.evaluation.details.predictive_values import predictive_values
from chestnut.evaluation.details.rates import Rates, count_reaching
from chestnut.evaluation.details.rows import details_html
from chestnut.evaluation.intervals.shares import Share

MEAN_SHIFT = np.sqrt(2) * norm.ppf(0.9)


def draw(seed, patients=60, images=3, places=6):
    """Calibrated probabilities with an AUROC of 0.9, of patients with equally many images."""
    generator = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), images)
    truth = (np.arange(patients) % 2 == 0)[owners]
    noise = generator.standard_normal(patients)[owners] + generator.standard_normal(len(owners))
    scores = noise / np.sqrt(2) + MEAN_SHIFT * truth
    return truth, (1 / (1 + np.exp(-MEAN_SHIFT * (scores - MEAN_SHIFT / 2)))).round(places), owners


def predicted(truth, probabilities, owners, threshold=0.5):
    both = np.stack([1 - probabilities, probabilities], axis=1)
    return Predicted(truth.astype(np.int64), both, owners.astype(str), ["a", "b"], "b", threshold)


@pytest.mark.parametrize("seed", range(3))
def test_the_line_is_that_of_logistic_regression(seed):
    truth, probabilities, owners = draw(seed)
    line = calibration_line(truth, probabilities, owners)
    logits = np.log(probabilities / (1 - probabilities))
    fit = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(logits[:, None], truth)
    assert line.slope.value == pytest.approx(fit.coef_[0, 0], abs=1e-4)
    assert line.intercept.value == pytest.approx(fit.intercept_[0], abs=1e-4)
    loss = minimize_scalar(lambda shift: np.logaddexp(0, np.where(truth, -1, 1) * (logits + shift)).sum())
    assert line.in_the_large.value == pytest.approx(loss.x, abs=1e-4)
    for figure in (line.slope, line.intercept, line.in_the_large):
        assert figure.low < figure.value < figure.high


def test_ends_of_the_slope_are_those_of_the_score_test():
    """With one image each, the design effect and the quantile are known, and the statistic is Rao's."""
    truth, probabilities, _ = draw(5, patients=80, images=1)
    line = calibration_line(truth, probabilities, np.arange(80))
    logits = np.log(probabilities / (1 - probabilities))

    def statistic(slope):
        best = minimize_scalar(lambda a: np.logaddexp(0, np.where(truth, -1, 1) * (slope * logits + a)).sum()).x
        chances = 1 / (1 + np.exp(-slope * logits - best))
        weights = chances * (1 - chances)
        information = (weights * logits**2).sum() - (weights * logits).sum() ** 2 / weights.sum()
        return ((truth - chances) * logits).sum() / np.sqrt(information)

    reached = [statistic(end) for end in (line.slope.low, line.slope.high)]
    assert reached[0] == pytest.approx(-reached[1], rel=1e-3) and 1.9 < reached[0] < 2.4


def test_separable_classes_have_no_slope_and_one_class_no_line():
    truth, owners = np.arange(12) >= 6, np.arange(12)
    line = calibration_line(truth, np.linspace(0.1, 0.9, 12), owners)
    assert line.slope.value is None and line.intercept.value is None
    assert line.in_the_large.low < 0 < line.in_the_large.high
    flipped = calibration_line(~truth, np.linspace(0.1, 0.9, 12), owners)
    assert flipped.slope.value is None
    equal = calibration_line(truth, np.full(12, 0.5), owners)
    assert equal.slope.value is None and equal.in_the_large.value == pytest.approx(0, abs=1e-6)
    assert calibration_line(np.ones(12, dtype=bool), np.linspace(0.1, 0.9, 12), owners).in_the_large.value is None


def test_too_extreme_probabilities_have_a_slope_below_one():
    truth, probabilities, owners = draw(1, patients=300)
    sharper = probabilities**2 / (probabilities**2 + (1 - probabilities) ** 2)
    assert calibration_line(truth, sharper, owners).slope.high < 1
    rarer = probabilities / (probabilities + 4 * (1 - probabilities))
    assert calibration_line(truth, rarer, owners).in_the_large.low > 0


@given(st.data())
@settings(max_examples=40)
def test_rates_are_shares_at_every_threshold(data):
    patients = data.draw(st.integers(1, 8))
    trials = np.array(data.draw(st.lists(st.integers(0, 4), min_size=patients, max_size=patients)), dtype=float)
    trials[0] += 1
    hits = np.stack([np.floor(trials * share) for share in (0, 0.3, 0.5, 0.8, 1)], axis=1)
    rates = Rates.of(hits, trials)
    for place, (low, high) in enumerate(zip(*rates.ends(), strict=True)):
        share = Share.of(hits[:, place], trials)
        assert (rates.values[place], rates.sizes[place]) == pytest.approx((share.value, share.size))
        assert (low, high) == pytest.approx(share.interval())


def test_distances_are_normal_quantiles_of_the_exact_tail():
    rates = Rates(np.array([0.5, 0.9, 1.0, 0.0]), np.full(4, 20.0))
    for share in (0.7, 0.95):
        expected = []
        for hits in (10, 18, 20, 0):
            half = binom.pmf(hits, 20, share) / 2
            below, above = binom.cdf(hits - 1, 20, share) + half, binom.sf(hits, 20, share) + half
            expected.append(max(0, -norm.ppf(below if hits / 20 < share else above)))
        assert rates.distances(share) == pytest.approx(expected, abs=1e-6)


def test_images_reaching_a_threshold_are_counted_by_patient():
    _, scores, owners = draw(0, places=2)
    counts = count_reaching(scores, owners, THRESHOLDS, 60)
    slow = [[(scores[owners == patient] >= t).sum() for t in THRESHOLDS] for patient in range(60)]
    assert np.array_equal(counts, slow)


@pytest.mark.parametrize("places", [6, 1])
def test_fixed_points_lie_on_the_roc_curve(places):
    truth, scores, owners = draw(2, places=places)
    wrong, found, _ = roc_curve(truth, scores, drop_intermediate=False)
    for point in fixed_points(truth, scores, owners):
        if point.fixed == "specificity":
            expected = found[wrong <= 1 - point.at + 1e-9].max()
        else:
            expected = 1 - wrong[found >= point.at - 1e-9].min()
        assert point.figure.value == pytest.approx(expected)
        assert point.figure.low <= point.figure.value <= point.figure.high
        decided = scores >= (np.inf if point.threshold is None else point.threshold)
        reached = (~decided[~truth]).mean() if point.fixed == "specificity" else decided[truth].mean()
        other = decided[truth].mean() if point.fixed == "specificity" else (~decided[~truth]).mean()
        assert reached >= point.at - 1e-9 and other == pytest.approx(expected)


@pytest.mark.parametrize("scores", [np.full(4000, 0.5), np.repeat([0.4, 0.6], 2000)], ids=["one", "two"])
def test_many_images_of_few_scores_have_fixed_points(scores):
    truth = np.arange(4000) % 2 == 1
    points = list(fixed_points(truth, scores, np.arange(4000)))
    assert len(points) == 6
    assert all(point.figure.low <= point.figure.value <= point.figure.high for point in points)


def test_a_fixed_specificity_that_no_threshold_within_the_scores_reaches():
    truth = np.array([True] * 5 + [False] * 5)
    points = list(fixed_points(truth, np.full(10, 0.5), np.arange(10)))
    assert [point.figure.value for point in points] == [0.0] * 6
    assert [point.threshold for point in points] == [None] * 3 + [0.5] * 3
    assert all(point.figure.low == 0 and 0.4 < point.figure.high < 0.6 for point in points)


def test_a_fixed_point_where_scores_are_few_and_the_specificity_leaps():
    """Scores are whole numbers, and the lowest threshold with a specificity of 0.9 has one of 0.933."""
    generator, hits = np.random.default_rng(0), []
    truth = np.arange(200) % 2 == 0
    true_sensitivity = norm.sf(1.5 - MEAN_SHIFT)
    for _ in range(40):
        scores = np.round(generator.standard_normal(200) + MEAN_SHIFT * truth)
        point = next(fixed_points(truth, scores, np.arange(200)))
        hits.append(point.figure.low <= true_sensitivity <= point.figure.high)
    assert np.mean(hits) >= 0.9


def test_many_images_are_judged_at_a_choice_of_thresholds():
    truth, scores, owners = draw(3, patients=3000, images=1)
    point = next(fixed_points(truth, scores, owners))
    assert point.figure.value == pytest.approx(norm.sf(norm.ppf(0.9) - MEAN_SHIFT), abs=0.05)
    assert point.figure.high - point.figure.low < 0.12


def test_net_benefit_is_what_vickers_defines():
    truth, probabilities, owners = draw(4, places=2)
    curve = decision_curve(truth, probabilities, owners)
    stated = decision_curve(truth, probabilities, owners, prevalence=float(truth.mean()))
    rare = decision_curve(truth, probabilities, owners, prevalence=0.05)
    for place, threshold in enumerate(THRESHOLDS):
        odds, decided = threshold / (1 - threshold), probabilities >= threshold
        expected = (decided & truth).mean() - (decided & ~truth).mean() * odds
        assert curve.net_benefit[place] == pytest.approx(expected, abs=1e-5)
        assert stated.net_benefit[place] == pytest.approx(expected, abs=1e-5)
        assert curve.low[place] <= curve.net_benefit[place] <= curve.high[place]
        assert curve.treat_all[place] == pytest.approx(truth.mean() - (1 - truth.mean()) * odds, abs=1e-5)
        weighed = 0.05 * decided[truth].mean() - 0.95 * decided[~truth].mean() * odds
        assert rare.net_benefit[place] == pytest.approx(weighed, abs=1e-5)
    inside = [any(low <= t <= high for low, high in curve.better) for t in THRESHOLDS]
    values, every = np.array(curve.net_benefit), np.array(curve.treat_all)
    assert np.array_equal(inside, (values > np.maximum(every, 0) + 1e-6))
    (sure,) = curve.surely_better
    assert any(low <= sure[0] and sure[1] <= high for low, high in curve.better)
    assert (rare.stated, rare.prevalence, curve.stated) == (True, 0.05, False)


def test_guessing_is_nowhere_surely_better():
    truth, probabilities, owners = draw(6, places=2)
    shuffled = np.random.default_rng(0).permutation(probabilities)
    assert decision_curve(truth, shuffled, owners).surely_better == ()


def test_predictive_values_at_the_samples_prevalence_are_its_own():
    truth, probabilities, owners = draw(7)
    decided = probabilities >= 0.5
    own, rare = predictive_values(truth, decided, owners, (float(truth.mean()), 0.01))
    assert own.precision.value == pytest.approx(truth[decided].mean())
    assert own.npv.value == pytest.approx((~truth)[~decided].mean())
    assert rare.precision.high < own.precision.low and rare.npv.low > own.npv.high
    assert rare.npv.value == pytest.approx(1 - 0.01 * (truth & ~decided).sum() / truth.sum() / 0.01 * 0.01, abs=0.01)


def test_predictive_values_without_mistakes_have_a_width():
    truth = np.arange(40) >= 20
    (found,) = predictive_values(truth, truth, np.arange(40), (0.1,))
    assert (found.precision.value, found.precision.high) == (1, 1) and 0.3 < found.precision.low < 0.6
    (never,) = predictive_values(truth, np.zeros(40, dtype=bool), np.arange(40), (0.1,))
    assert never.precision.value is None and never.npv.value == pytest.approx(0.9)


def test_patients_are_judged_by_their_mean_or_by_any_image():
    owners = np.array([0, 0, 1, 1, 2, 3])
    truth = np.array([True, False, False, False, True, False])
    scores = np.array([0.9, 0.2, 0.6, 0.1, 0.4, 0.3])
    details = {rule: compute_details(predicted(truth, scores, owners), patients=rule) for rule in ("mean", "any")}
    mean, highest = (details[rule].classes["b"].patients for rule in ("mean", "any"))
    assert (mean.patients, mean.positive, mean.mixed) == (4, 2, 1)
    assert (mean.sensitivity.value, mean.specificity.value, mean.accuracy.value) == (0.5, 1, 0.75)
    assert (highest.sensitivity.value, highest.specificity.value, highest.accuracy.value) == (0.5, 0.5, 0.5)
    assert mean.auroc.value == 1 and highest.auroc.value == 0.75


def test_details_of_three_classes_are_those_of_each_against_the_rest():
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 90)
    probabilities = generator.dirichlet([1, 1, 1], 90) * 0.5 + 0.5 * np.eye(3)[targets] * generator.random((90, 1))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    owners = np.repeat(np.arange(45), 2)
    found = compute_details(Predicted(targets, probabilities, owners.astype(str), ["x", "y", "z"], None, None))
    assert list(found.classes) == ["x", "y", "z"]
    alone = calibration_line(targets == 1, probabilities[:, 1], owners)
    assert found.classes["y"].line == alone
    means = probabilities.reshape(45, 2, 3).mean(axis=1)
    sick = (targets.reshape(45, 2) == 2).any(axis=1)
    assert found.classes["z"].patients.sensitivity.value == (means.argmax(axis=1) == 2)[sick].mean()


def test_details_survive_json():
    found = compute_details(predicted(*draw(8)), prevalence=0.05, patients="any")
    assert Details.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert found.prevalence == 0.05 and found.classes["b"].patients.rule == "any"
    assert [one.prevalence for one in found.classes["b"].predictive_values] == [0.05]
    with pytest.raises(DataError, match="evaluate the run again"):
        Details.from_dict({"prevalence": None, "classes": {"b": {}}})


def test_details_show_themselves_in_notebooks():
    shown = details_html(compute_details(predicted(*draw(8))))
    assert "<th>calibration slope</th>" in shown and "Of 60 patients" in shown
    alone = compute_details(predicted(np.ones(5, dtype=bool), np.full(5, 0.7), np.arange(5)))
    assert details_html(alone) == details_html(None) == ""


def test_classes_with_different_figures_are_refused():
    found = compute_details(predicted(*draw(8))).to_dict()
    found["classes"]["a"] = found["classes"]["b"] | {"predictive_values": []}
    with pytest.raises(DataError, match="the classes have different figures"):
        Details.from_dict(found)


def test_order_of_images_does_not_matter():
    truth, probabilities, owners = draw(9)
    order = np.random.default_rng(1).permutation(len(truth))
    mixed = compute_details(predicted(truth[order], probabilities[order], owners[order]))
    one, other = (
        json.loads(json.dumps(found.to_dict()), parse_float=lambda text: round(float(text), 5))
        for found in (compute_details(predicted(truth, probabilities, owners)), mixed)
    )
    assert one == other


@pytest.mark.parametrize(
    ("truth", "owners"),
    [
        ([True] + [False] * 9, range(10)),
        ([True] * 3 + [False] * 7, [0, 0, 0, *range(1, 8)]),
        ([True, False], [0, 0]),
        ([True, False], [0, 1]),
    ],
)
@pytest.mark.parametrize("spread", [True, False])
def test_hardly_any_data_still_give_figures(truth, owners, spread):
    truth, owners = np.array(truth), np.array(owners)
    scores = np.linspace(0.9, 0.1, len(truth)) if spread else np.full(len(truth), 0.5)
    (found,) = compute_details(predicted(truth, scores, owners)).classes.values()
    assert found.line.slope.value is None and found.line.in_the_large.value is not None
    assert len(found.fixed_points) == 6 and len(found.predictive_values) == 3
    assert np.isfinite([*found.decision_curve.low, *found.decision_curve.high]).all()


@given(st.integers(0, 10**6))
@settings(max_examples=40)
def test_intervals_hold_the_value_whatever_the_predictions(seed):
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(30), random.integers(1, 5, 30))
    truth = random.random(len(owners)) < random.choice([0.03, 0.3, 0.9])
    scores = random.random(len(owners))
    scores = [scores, scores.round(1), scores.round(), np.where(scores < 0.9, 1.0, scores)][random.integers(4)]
    prevalence = random.choice([None, 1e-9, 0.05, 1 - 1e-9])
    details = compute_details(predicted(truth, scores, owners, random.choice([0, 0.5, 1])), prevalence)
    assert Details.from_dict(details.to_dict()) == details
    for found in details.classes.values():
        line, curve = found.line, found.decision_curve
        shares = [point.figure for point in found.fixed_points]
        for figure in (line.slope, line.intercept, line.in_the_large, *shares):
            assert figure.low is None or figure.low <= figure.value + 1e-9
            assert figure.high is None or figure.value <= figure.high + 1e-9
        assert np.isfinite([*curve.low, *curve.high]).all()


def test_one_class_has_no_details():
    assert compute_details(predicted(np.ones(5, dtype=bool), np.full(5, 0.7), np.arange(5))).classes == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prevalence": 0.0}, "prevalence=0: give a share above 0 and below 1"),
        ({"prevalence": 1.0}, "prevalence=1: give"),
        ({"prevalence": float("nan")}, "prevalence=nan: give"),
        ({"patients": "max"}, "patients=max: give mean or any"),
    ],
)
def test_impossible_wishes_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        compute_details(predicted(*draw(0)), **options)


def test_intervals_cover_the_truth():
    """Of 20 patients with one to three images; the percentiles of resamples cover some of these 80 % of the time."""
    hits = {"slope": [], "large": [], "fixed": [], "benefit": []}
    true_sensitivity = norm.sf(norm.ppf(0.9) - MEAN_SHIFT)
    edge = MEAN_SHIFT / 2 + np.log(0.2 / 0.8) / MEAN_SHIFT
    true_benefit = (norm.sf(edge - MEAN_SHIFT) - norm.sf(edge) * 0.25) / 2
    for seed in range(40):
        truth, probabilities, owners = draw(seed, patients=20)
        line = calibration_line(truth, probabilities, owners)
        point = next(fixed_points(truth, probabilities, owners))
        curve = decision_curve(truth, probabilities, owners)
        if line.slope.low is not None:
            hits["slope"].append(line.slope.low <= 1 <= line.slope.high)
        hits["large"].append(line.in_the_large.low <= 0 <= line.in_the_large.high)
        hits["fixed"].append(point.figure.low <= true_sensitivity <= point.figure.high)
        hits["benefit"].append(curve.low[19] <= true_benefit <= curve.high[19])
    assert {name: np.mean(found) >= 0.9 for name, found in hits.items()} == dict.fromkeys(hits, True)


def test_patient_level_of_one_class_of_patients():
    """Every patient has a positive image, so no patient is negative."""
    owners = np.array([0, 0, 1, 1])
    found = patient_level(
        np.array([True, False] * 2), np.array([0.8, 0.3, 0.2, 0.4]), np.array([True, False]), owners, "any"
    )
    assert (found.auroc.value, found.specificity.value, found.sensitivity.value) == (None, None, 0.5)
    assert found.mixed == 2
