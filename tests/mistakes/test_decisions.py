"""Mistakes are ranked by the probability of the true class, narrow decisions by their distance from another one."""

import numpy as np
import pandas as pd
import pytest

from chestnut.mistakes.evaluated import Evaluated
from chestnut.mistakes.ranking import rank_mistakes, rank_narrow
from chestnut.mistakes.views import compare_views
from chestnut.runs.predictions import PredictionTable


def evaluated(labels, probabilities, patients=None, threshold=0.5):
    """Return what a network made of images of the classes A and B, or A, B and C."""
    values = np.asarray(probabilities, dtype=np.float64)
    values = np.column_stack([1 - values, values]) if values.ndim == 1 else values
    classes = "ABC"[: values.shape[1]]
    names = [f"{row:03d}.png" for row in range(len(labels))]
    rows = pd.DataFrame({"path": names, "label": list(labels), "patient": list(patients or names)})
    table = PredictionTable.build(rows, values, list(classes), threshold)
    return Evaluated("val", "data", table, threshold if len(classes) == 2 else None, 0)


def test_the_most_confident_mistakes_come_first():
    found = evaluated("ABABA", [0.6, 0.1, 0.95, 0.7, 0.2])
    assert found.wrong.tolist() == [True, True, True, False, False]
    assert rank_mistakes(found).tolist() == [2, 1, 0]


def test_of_three_classes_the_narrowest_decision_is_between_the_two_likeliest():
    found = evaluated("ABC", [[0.5, 0.4, 0.1], [0.9, 0.05, 0.05], [0.34, 0.33, 0.33]])
    assert rank_narrow(found).tolist() == [2, 0, 1]
    assert found.margins == pytest.approx(np.log([0.5 / 0.4, 0.9 / 0.05, 0.34 / 0.33]))


def test_a_narrow_decision_is_near_the_threshold_whatever_that_is():
    found = evaluated("AAAA", [0.5, 0.11, 0.09, 0.001], threshold=0.1)
    assert rank_narrow(found).tolist() == [1, 2, 0, 3]
    assert found.margins[0] == pytest.approx(np.log(9))


def draw(seed, most):
    """Return some labels, rounded probabilities with ties and certainties, and patients."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, most))
    values = np.round(generator.uniform(-0.2, 1.2, count), 1).clip(0, 1).tolist()
    return generator.choice(list("AB"), count).tolist(), values, generator.choice(list("pqr"), count).tolist()


@pytest.mark.parametrize(("seed", "threshold"), list(enumerate([0.01, 0.3, 0.5, 0.9, 0.99])))
def test_ranks_follow_a_plain_sort(seed, threshold):
    labels, values, _ = draw(seed, 40)
    rows = list(zip(labels, values, strict=True))
    found = evaluated(labels, values, threshold=threshold)
    wrong = [row for row, (label, value) in enumerate(rows) if (label == "B") != (value >= threshold)]
    own = [value if label == "B" else 1 - value for label, value in rows]
    ranked = rank_mistakes(found).tolist()
    assert sorted(ranked) == wrong
    assert [own[row] for row in ranked] == pytest.approx(sorted(own[row] for row in wrong))
    margins = found.margins[rank_narrow(found)]
    assert (np.diff(margins) >= 0).all() and (margins >= 0).all()


def test_views_of_one_patient_that_disagree_are_found():
    found = compare_views(evaluated("AAABBB", [0.1, 0.8, 0.6, 0.9, 0.7, 0.2], ["p", "p", "p", "q", "q", "r"]))
    assert found.compared == 2
    (one,) = found.disagreements
    assert (one.patient, one.label, one.images, one.wrong) == ("p", "A", 3, 2)
    assert (one.right_view.path, one.wrong_view.path) == ("000.png", "001.png")
    assert one.gap == pytest.approx(0.7)
    assert found.sentence.startswith("1 of 2 patients with two or more images of one class is judged rightly in one")


def test_images_of_a_patient_with_different_labels_are_not_compared():
    found = compare_views(evaluated("AB", [0.1, 0.9], ["p", "p"]))
    assert (found.compared, found.disagreements) == (0, ())


@pytest.mark.parametrize("seed", range(6))
def test_disagreements_are_those_of_a_slow_search(seed):
    labels, values, patients = draw(seed, 20)
    rows = list(zip(labels, values, patients, strict=True))
    found = compare_views(evaluated(labels, values, patients))
    right = [(label == "B") == (value >= 0.5) for label, value, _ in rows]
    slow = {
        (rows[i][2], rows[i][0])
        for i in range(len(rows))
        for j in range(len(rows))
        if rows[i][0] == rows[j][0] and rows[i][2] == rows[j][2] and right[i] and not right[j]
    }
    assert {(one.patient, one.label) for one in found.disagreements} == slow
    assert [one.gap for one in found.disagreements] == sorted((one.gap for one in found.disagreements), reverse=True)
