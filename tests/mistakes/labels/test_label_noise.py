import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.mistakes.labels.noise import confident_joint, estimate_noise, noise_shares


def draw(seed, images, classes):
    """Return labels that all classes have, and rounded probabilities, among which there are ties."""
    random = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(classes), random.integers(0, classes, images)])
    scores = random.dirichlet(np.ones(classes), len(targets)) + np.eye(classes)[targets] * random.uniform(0, 1)
    return targets, np.round(scores / scores.sum(axis=1, keepdims=True), 1)


def slow_joint(targets, probabilities):
    """Count as the paper writes it down, image by image."""
    k = probabilities.shape[1]
    limits = [np.mean([p[j] for p, label in zip(probabilities, targets, strict=True) if label == j]) for j in range(k)]
    joint = np.zeros((k, k))
    for p, label in zip(probabilities, targets, strict=True):
        passed = [j for j in range(k) if p[j] >= limits[j] - 1e-6]
        if passed:
            joint[label, max(passed, key=lambda j: (p[j], -j))] += 1
    return joint


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 40), st.integers(2, 4))
def test_the_confident_joint_is_that_of_the_paper(seed, images, classes):
    targets, probabilities = draw(seed, images, classes)
    np.testing.assert_array_equal(confident_joint(targets, probabilities), slow_joint(targets, probabilities))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_a_weight_counts_like_repeated_images(seed, classes):
    targets, probabilities = draw(seed, 30, classes)
    times = np.random.default_rng(seed).integers(0, 4, len(targets))
    times[:classes] = 1
    rows = np.repeat(np.arange(len(targets)), times)
    weighted = confident_joint(targets, probabilities, times.astype(float))
    np.testing.assert_array_equal(weighted, confident_joint(targets[rows], probabilities[rows]))


def test_the_estimated_noise_is_that_which_was_planted_where_scores_are_clear():
    random = np.random.default_rng(3)
    true = random.integers(0, 2, 1000)
    scores = np.where(true == 1, 0.9, 0.1)  # with scores that differ within a class, the estimate is lower
    given_labels = np.where((true == 1) & (random.uniform(size=1000) < 0.2), 0, true)
    noise = estimate_noise(given_labels, np.c_[1 - scores, scores], np.arange(1000) // 2, draws=100)
    planted = np.mean(true[given_labels == 0] == 1)
    assert noise[0][1].low < planted < noise[0][1].high
    assert noise[0][1].high - noise[0][1].low < 0.1
    assert sum(one.value for one in noise[0]) == pytest.approx(1)
    assert noise[1][0].value == 0


def test_intervals_are_wider_where_patients_have_more_images():
    random = np.random.default_rng(4)
    true = random.integers(0, 2, 200)
    given_labels = np.where(random.uniform(size=200) < 0.1, 1 - true, true)
    scores = np.where(true == 1, 0.95, 0.05)
    probabilities = np.c_[1 - scores, scores]
    alone = estimate_noise(given_labels, probabilities, np.arange(200))[0][1]
    copied = [np.repeat(values, 4, axis=0) for values in (given_labels, probabilities, np.arange(200))]
    together = estimate_noise(*copied)[0][1]
    assert together.value == alone.value
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high), abs=0.02)


def test_a_class_without_confident_images_has_no_shares():
    assert np.isnan(noise_shares(np.array([[3.0, 1.0], [0.0, 0.0]]))[1]).all()
    targets = np.array([0, 0, 0, 0])
    noise = estimate_noise(targets, np.array([[0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.7, 0.3]]), ["a", "b", "c", "d"])
    assert noise[1][0].value is None
    assert noise[0][0].value == 1
