import numpy as np
import pytest

from chestnut.errors import DataError, MissingExtraError
from chestnut.mistakes.labels import quality as module
from chestnut.mistakes.labels.noise import confident_joint
from chestnut.mistakes.labels.quality import judge_labels


def draw(seed, classes, rate):
    random = np.random.default_rng(seed)
    true = np.concatenate([np.arange(classes), random.integers(0, classes, 300)])
    flipped = random.uniform(size=len(true)) < rate
    given = np.where(flipped, (true + 1) % classes, true)
    scores = random.dirichlet(np.ones(classes), len(true)) + 2 * np.eye(classes)[true]
    return given, scores / scores.sum(axis=1, keepdims=True), flipped


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_suspects_are_those_of_cleanlab(classes, seed):
    from cleanlab.count import compute_confident_joint
    from cleanlab.filter import find_label_issues

    given, scores, flipped = draw(seed, classes, 0.1)
    quality = judge_labels(given, scores)
    ranked = find_label_issues(given, scores, return_indices_ranked_by="normalized_margin", n_jobs=1)
    number = int(quality.suspect.sum())
    assert sorted(quality.order[:number]) == sorted(ranked)
    np.testing.assert_allclose(quality.margin[quality.order[:number]], quality.margin[ranked])
    joint = compute_confident_joint(given, scores, calibrate=False)
    np.testing.assert_array_equal(confident_joint(given, scores), joint)
    assert flipped[quality.suspect].mean() > 0.8
    assert quality.suspect[flipped].mean() > 0.6


@pytest.mark.slow
def test_the_order_has_suspects_first_and_small_margins_first():
    given, scores, _ = draw(7, 3, 0.1)
    quality = judge_labels(given, scores)
    number = int(quality.suspect.sum())
    assert quality.suspect[quality.order[:number]].all()
    for part in (quality.order[:number], quality.order[number:]):
        assert (np.diff(quality.margin[part]) >= 0).all()
    assert sorted(quality.order) == list(range(len(given)))
    assert (quality.suggested != given).all()
    highest = np.where(np.eye(3)[given] == 1, -1, scores).max(axis=1)
    np.testing.assert_allclose(scores[np.arange(len(given)), quality.suggested], highest)
    np.testing.assert_allclose(quality.margin, (scores[np.arange(len(given)), given] - highest + 1) / 2)


@pytest.mark.slow
def test_labels_that_agree_have_no_suspects():
    targets = np.array([0, 0, 0, 1, 1, 1])
    quality = judge_labels(targets, np.eye(2)[targets] * 0.8 + 0.1)
    assert not quality.suspect.any()


@pytest.mark.slow
def test_labels_of_one_class_are_refused():
    with pytest.raises(DataError, match="labels of one class only"):
        judge_labels(np.zeros(4, dtype=int), np.full((4, 2), 0.5))


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"need cleanlab, .* run pip install 'chestnut\[labels\]'"):
        judge_labels(np.array([0, 1]), np.full((2, 2), 0.5))
