"""AUROC counted within folds, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chestnut.evaluation.ranking_metrics import Ranking, auroc_within_folds


def test_one_fold_agrees_with_scikit_learn_for_any_weighting_of_patients():
    generator = np.random.default_rng(0)
    truth = generator.random(300) < 0.4
    scores = np.round(generator.normal(size=300) + truth, 1)  # rounded, so that there are ties
    owners = generator.permutation(np.arange(300) % 100)
    counts = np.c_[np.ones(100), generator.integers(0, 3, (100, 4))]
    found = auroc_within_folds([Ranking.of(truth, scores, owners)], counts)
    expected = [roc_auc_score(truth, scores, sample_weight=weights[owners]) for weights in counts.T]
    assert found == pytest.approx(expected)
    assert Ranking.of(truth, scores, owners).areas(counts)[0] == pytest.approx(expected)


def test_scores_of_different_folds_are_not_compared():
    truth, scores, owners = np.array([False, True, False, True]), np.array([1, 2, 8, 9.0]), np.arange(4)
    folds = [Ranking.of(truth[rows], scores[rows], owners[rows]) for rows in ([0, 1], [2, 3])]
    assert auroc_within_folds(folds, np.ones((4, 1))).tolist() == [1]
    assert auroc_within_folds([Ranking.of(truth, scores, owners)], np.ones((4, 1))).tolist() == [0.75]


def test_folds_without_both_classes_count_for_nothing():
    truth, scores, owners = np.array([False, True, True]), np.array([1, 2, 3.0]), np.arange(3)
    folds = [Ranking.of(truth[rows], scores[rows], owners[rows]) for rows in ([0, 1], [2])]
    assert auroc_within_folds(folds, np.ones((3, 1))).tolist() == [1]
    assert np.isnan(auroc_within_folds(folds[1:], np.ones((3, 1)))).all()
