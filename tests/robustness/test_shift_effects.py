"""Figures under shifts, thresholds that survive them, and the shortcut, against slow or known answers."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chestnut.errors import DataError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.operating.choice import choose, halves
from chestnut.evaluation.operating.rule import Rule
from chestnut.robustness.figure import stress_figure
from chestnut.robustness.operating_points import Scored, operating_points
from chestnut.robustness.shift_effects import Decision, Figures, judge, rank_shifts
from chestnut.robustness.shortcut_effect import LEAST_SHIFTS, shortcut_effect


def table(scores):
    return np.stack([1 - scores, scores], axis=1)


@pytest.fixture(scope="module")
def cohort():
    """300 images of 100 patients: the truth, the patients, and scores that tell most of it."""
    random = np.random.default_rng(0)
    truth = np.repeat(np.arange(100) % 2, 3)
    scores = np.clip(0.3 + 0.3 * truth + random.normal(0, 0.15, 300), 0, 1)
    return truth, np.repeat([f"p{n}" for n in range(100)], 3), scores


def test_losses_are_paired_and_the_mean_is_over_the_shifts(cohort):
    truth, patients, scores = cohort
    noisy = np.clip(scores + np.random.default_rng(1).normal(0, 0.3, 300), 0, 1)
    found = judge({"plain": table(scores), "same": table(scores), "noisy": table(noisy)}, truth, patients, Decision())
    same, bad = found.shifts["same"], found.shifts["noisy"]
    assert found.plain.auroc.value == pytest.approx(roc_auc_score(truth, scores))
    assert (found.plain.drop.value, found.plain.drop.low, found.plain.drop.high) == (0, 0, 0), "by definition"
    assert same.drop.value == 0 and same.drop.low == -same.drop.high < 0
    assert bad.drop.value == pytest.approx(roc_auc_score(truth, scores) - roc_auc_score(truth, noisy))
    assert bad.drop.low < bad.drop.value < bad.drop.high
    assert found.mean.auroc.value == pytest.approx((same.auroc.value + bad.auroc.value) / 2)
    assert found.worst == "noisy"
    assert bad.sensitivity.value == pytest.approx((noisy >= 0.5)[truth == 1].mean())
    few = judge({"plain": table(scores), "same": table(scores)}, truth, patients, Decision(averaged=False))
    assert few.mean is None and few.plain == found.plain and len(stress_figure(few).axes[0].lines) > 0
    shown = {axes.get_title(loc="left"): axes for axes in stress_figure(found).axes}
    assert list(shown) == ["AUROC", "Sensitivity", "Specificity"]
    assert [label.get_text() for label in shown["AUROC"].get_yticklabels()] == ["same", "noisy"], "the worst below"


def test_a_shift_that_ranks_well_and_decides_all_alike_is_the_worst(cohort):
    truth, patients, scores = cohort
    noisy = np.clip(scores + np.random.default_rng(1).normal(0, 0.3, 300), 0, 1)
    brighter = np.clip(0.6 + scores / 3, 0, 1)
    found = judge({"plain": table(scores), "noisy": table(noisy), "up": table(brighter)}, truth, patients, Decision())
    up, bad = found.shifts["up"], found.shifts["noisy"]
    assert up.auroc.value > bad.auroc.value and up.specificity.value == 0 and up.balanced == 0.5
    assert found.worst == "up" and rank_shifts(found.shifts) == ["noisy", "up"]


def test_shifts_without_rates_are_ranked_by_auroc():
    def figures(auroc):
        return Figures(Estimate(auroc), Estimate(None), Estimate(None), Estimate(None))

    assert rank_shifts({"low": figures(0.6), "unknown": figures(None), "high": figures(0.9)}) == [
        "unknown", "high", "low",
    ]  # fmt: skip


def test_more_than_two_classes_are_each_judged_against_the_rest():
    random = np.random.default_rng(0)
    truth, values = np.arange(90) % 3, random.dirichlet([1, 1, 1], 90)
    found = judge({"plain": values, "a": values}, truth, np.arange(90), Decision())
    assert found.plain.auroc.value == pytest.approx(roc_auc_score(truth, values, multi_class="ovr"))


def test_a_threshold_chosen_on_shifts_survives_them_and_is_judged_on_others(cohort):
    truth, patients, scores = cohort
    shifts = {f"up {by}": np.clip(scores + by, 0, 1) for by in (0.15, 0.25, 0.35)}
    scored = Scored(truth == 1, patients, {"plain": scores} | shifts)
    outside = Scored(truth == 1, patients, {"external": np.clip(scores + 0.25, 0, 1)})
    found = operating_points(Rule("balanced"), scored, outside)
    fixed, plain, stress = found.points
    balanced = [point.mean.sensitivity.value + point.mean.specificity.value for point in found.points]
    assert balanced[2] > balanced[1] + 0.2 and balanced[2] > balanced[0]
    assert fixed.threshold == 0.5 and stress.threshold > plain.threshold
    assert found.threshold == stress.threshold == found.to_dict()["points"][-1]["threshold"]
    assert fixed.worst.condition == "up 0.35"
    assert stress.external.specificity.value == (outside.scores["external"] < stress.threshold)[truth == 0].mean()
    # chosen on all and judged on all, its figures would be those of one threshold; cross-fitted, they are of two
    half = halves(truth == 1, np.unique(patients, return_inverse=True)[1], 0)
    other = choose(Rule("balanced"), np.tile(truth[half] == 1, 3), np.concatenate([s[half] for s in shifts.values()]))
    mine = choose(Rule("balanced"), np.tile(truth[~half] == 1, 3), np.concatenate([s[~half] for s in shifts.values()]))
    decided = np.where(half, scores >= mine, scores >= other)
    assert stress.plain.sensitivity.value == pytest.approx(decided[truth == 1].mean())


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1.5, -0.5])
def test_no_operating_point_comes_from_a_score_that_is_no_probability(cohort, bad):
    truth, patients, scores = cohort
    with pytest.raises(DataError, match=r"NaN or infinite|none outside 0 to 1"):
        Scored(truth == 1, patients, {"plain": scores, "shifted": np.where(np.arange(len(scores)) == 3, bad, scores)})


def test_a_network_that_follows_the_shortcut_is_wrong_where_it_is(cohort):
    truth, patients, _ = cohort
    vote = np.where(np.arange(300) % 10 == 0, 1 - truth, truth) * 0.8 + 0.1
    steps = [0.3 * step for step in range(1, LEAST_SHIFTS + 1)]
    fading = {f"{by}": np.clip(vote + np.random.default_rng(3).normal(0, by, 300), 0, 1) for by in steps}
    both = {"plain": table(vote)} | {name: table(scores) for name, scores in fading.items()}
    found = shortcut_effect(both, both, truth, patients, Decision())
    fewer = dict(list(both.items())[:LEAST_SHIFTS])
    few = shortcut_effect(fewer, fewer, truth, patients, Decision(averaged=False))
    assert few.correlation is None and few.agree.shifted_auroc is None and "rank correlation" not in few.sentence
    assert (found.agree.images, found.disagree.images) == (270, 30)
    assert (found.agree.accuracy.value, found.disagree.accuracy.value, found.accuracy_loss.value) == (1, 0, 1)
    assert found.auroc_loss.value == 1 and found.correlation == pytest.approx(-1)
    assert "in the 30 of 300 images where they contradict the label" in found.sentence
    assert "correlation of −1.00" in found.sentence


def test_a_shortcut_that_is_never_wrong_leaves_nothing_to_compare(cohort):
    truth, patients, scores = cohort
    sure = {"plain": table(truth * 1.0), "a": table(truth * 1.0)}
    found = shortcut_effect({"plain": table(scores), "a": table(scores)}, sure, truth, patients, Decision())
    assert found.disagree.images == 0 and found.disagree.auroc.value is None and found.correlation is None
    assert found.sentence == "Brightness and sharpness alone reach AUROC 1.000, and contradict 0 of 300 labels."
