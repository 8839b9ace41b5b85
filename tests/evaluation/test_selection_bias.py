"""The lead of the best of many, corrected for its selection: invariants, and a slow reference."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from chestnut.errors import DataError
from chestnut.evaluation.intervals.resamples import resamples
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.selection_bias import Gain, gain_in_words, gain_of_chosen


def sample(seed, images=120, patients=50, candidates=6, executions=2, classes=2):
    """Targets, patients, and noisy probabilities, those of the default first."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes, images)
    shape = (candidates + 1, executions, images, classes)
    logits = np.round(random.normal(size=shape) + np.eye(classes)[targets], 1)  # rounded, so that there are ties
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return targets, random.integers(0, patients, images), probabilities


def repeated(targets, probabilities, counts, owners, metric):
    """A score the slow way: every row as often as its patient was drawn."""
    rows = np.repeat(np.arange(len(targets)), counts[owners].astype(int))
    truth = targets[rows]
    if metric == "auroc" and len(np.unique(truth)) < 2:
        return np.nan
    found = []
    for p in probabilities[:, rows]:
        if metric == "auroc":
            found.append(roc_auc_score(truth, p[:, 1]))
        elif metric == "accuracy":
            found.append(accuracy_score(truth, p[:, 1] >= 0.5))
        else:
            found.append(-log_loss(truth, p, labels=[0, 1]))
    return np.mean(found)


@pytest.mark.parametrize("metric", ["auroc", "accuracy", "loss"])
def test_the_correction_is_that_of_repeated_rows(metric):
    targets, patients, probabilities = sample(1, images=30, patients=9, candidates=3)
    gain = gain_of_chosen(targets, patients, probabilities[0], probabilities[1:], metric, draws=40, seed=5)
    owners, distinct = number_patients(patients)
    leads = []
    for counts in np.concatenate(list(resamples(distinct, len(targets), 40, 5)), axis=1).T:
        inside = [repeated(targets, p, counts, owners, metric) for p in probabilities[1:]]
        if np.isnan(inside).any():
            leads.append(np.nan)
            continue
        chosen = probabilities[1 + int(np.argmax(np.round(inside, 12)))]
        outside = [repeated(targets, p, counts == 0, owners, metric) for p in (probabilities[0], chosen)]
        leads.append(outside[1] - outside[0])
    once = [repeated(targets, p, np.ones(distinct), owners, metric) for p in probabilities]
    assert gain.plain == pytest.approx(max(once[1:]) - once[0], abs=1e-12)
    assert gain.value == pytest.approx(np.nanmean(leads), abs=1e-12)
    assert gain.low < min(gain.value, gain.plain) and gain.high > max(gain.value, gain.plain)
    assert gain.undefined == np.isnan(leads).sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.sampled_from(["auroc", "accuracy", "loss"]), st.integers(2, 4))
def test_equals_of_the_default_gain_nothing_and_might_gain_something(seed, metric, classes):
    targets, patients, probabilities = sample(seed, images=40, patients=20, candidates=1, classes=classes)
    gain = gain_of_chosen(targets, patients, probabilities[0], [probabilities[0]] * 3, metric, draws=30)
    assert (gain.plain, gain.value) == pytest.approx((0, 0), abs=1e-12) and gain.low < 0 < gain.high
    assert gain.low == pytest.approx(-gain.high)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.sampled_from(["auroc", "loss"]))
def test_the_order_of_images_does_not_matter(seed, metric):
    targets, patients, probabilities = sample(seed, images=60, patients=25)
    first = gain_of_chosen(targets, patients, probabilities[0], probabilities[1:], metric, draws=40)
    order = np.random.default_rng(seed).permutation(60)
    turned = probabilities[:, :, order]
    second = gain_of_chosen(targets[order], patients[order], turned[0], turned[1:], metric, draws=40)
    assert second.to_dict() == pytest.approx(first.to_dict(), abs=1e-12)


def test_the_luck_of_noise_is_taken_away():
    plain, corrected, covered = [], [], []
    for seed in range(20):
        targets, patients, probabilities = sample(seed, candidates=12, executions=1)
        random = np.random.default_rng(seed)
        noise = probabilities[:1, :, :, 1] + random.normal(0, 0.1, (13, 1, len(targets)))  # equally good, all of them
        gain = gain_of_chosen(targets, patients, noise[0], noise[1:], draws=200)
        plain.append(gain.plain)
        corrected.append(gain.value)
        covered.append(gain.low <= 0 <= gain.high)
    assert min(plain) > -0.01
    assert np.mean(plain) > 0.02
    assert abs(np.mean(corrected)) < np.mean(plain) / 4
    assert sum(covered) >= 18


def test_the_interval_of_a_lone_candidate_is_that_of_the_paired_test():
    targets, patients, probabilities = sample(4, candidates=1)
    gain = gain_of_chosen(targets, patients, probabilities[0], probabilities[1:], draws=50)
    owners = number_patients(patients)[0]
    first, second = (
        Contributions.mean_of([Contributions.of_auroc(targets == 1, p[:, 1], owners) for p in each])
        for each in probabilities
    )
    known = difference_of(second - first)
    moved = gain.value - known.value
    assert gain.plain == pytest.approx(known.value)
    assert gain.low == pytest.approx(known.low + min(0, moved), abs=1e-3)
    assert gain.high == pytest.approx(known.high + max(0, moved), abs=1e-3)


def test_a_true_lead_is_found():
    targets, patients, probabilities = sample(3, images=400, patients=200, candidates=5)
    better = 0.5 * probabilities[0, :, :, 1] + 0.5 * targets
    gain = gain_of_chosen(targets, patients, probabilities[0, :, :, 1], [*probabilities[1:, :, :, 1], better])
    assert gain.distinguishable
    assert 0 < gain.low < gain.value <= gain.plain + 0.01 < gain.high
    assert "Use best.toml." in gain_in_words(gain, "trial 5")
    json.dumps(gain.to_dict())


def test_one_patient_leaves_nothing_out_of_the_bag():
    gain = gain_of_chosen([0, 1], ["a", "a"], [[0.1, 0.9]], [[[0.1, 0.9]]], draws=10)
    assert (gain.plain, gain.value, gain.low, gain.high, gain.undefined) == (0, None, None, None, 10)
    assert "of 1 patient: AUROC is undefined in every resample" in gain_in_words(gain, "trial 0")


def test_images_of_one_class_have_no_gain():
    gain = gain_of_chosen([1, 1], ["a", "b"], [[0.1, 0.9]], [[[0.1, 0.9]]], draws=10)
    assert (gain.plain, gain.value, gain.undefined) == (None, None, 10)


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (
            Gain("accuracy", 0.03, 0.02, 0.0104, 0.03, 810, 445, 1000, 0),
            "Trial 7 is ahead of the default on these 810 validation images of 445 patients: accuracy higher by 0.020, "
            "95 % interval 0.010 to 0.030, corrected for the selection. Use best.toml.",
        ),
        (
            Gain("loss", 0.03, 0.02, 0.01, 0.03, 1810, 445, 1000, 0),
            "Trial 7 is ahead of the default on these 1,810 validation images of 445 patients: loss lower by 0.020",
        ),
        (
            Gain("auroc", -0.01, -0.02, -0.03, -0.01, 810, 445, 1000, 0),
            "The default is ahead of what the search finds on these 810 validation images of 445 patients: corrected "
            "gain in AUROC −0.020, 95 % interval −0.030 to −0.010. Keep the default.",
        ),
        (
            Gain("loss", 0.01, -0.0001, -0.03, 0.01, 810, 445, 1000, 0),
            "are not distinguishable on these 810 validation images of 445 patients: corrected gain in loss (above 0 "
            "is better) 0.000, 95 % interval −0.030 to 0.010. Keep the default",
        ),
    ],
)
def test_what_a_gain_means(gain, words):
    assert words in gain_in_words(gain, "trial 7")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metric": "aurco"}, "no objective 'aurco'.*auroc"),
        ({"candidates": []}, "0 candidates on 4 images"),
        ({"draws": 0}, "draws=0"),
        ({"default": [[0.1, 0.2]]}, r"shape \(1, 2, 2\) for 4 images of 2 classes"),
        ({"candidates": [[0.1, 0.2, 0.3, 0.4]]}, r"shape \(4,\) for 4 images"),
        ({"targets": [0, 1, 2, 1]}, "of 3 classes"),
    ],
)
def test_what_does_not_fit_is_refused(change, said):
    good = {"targets": [0, 1, 0, 1], "patients": list("abcd"), "default": [[0.1, 0.2, 0.3, 0.4]]}
    good |= {"candidates": [[[0.1, 0.2, 0.3, 0.4]]]}
    with pytest.raises(DataError, match=said):
        gain_of_chosen(**good | change)
