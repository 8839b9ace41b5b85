"""What is measured of prediction sets, by hand on a few images, and that it survives JSON."""

import json

import numpy as np
import pytest

from chestnut.evaluation.conformal import SetPlan, SetRule
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.set_figures import SetFigures

RULE = SetRule(SetPlan(0.9), ("NORMAL", "PNEUMONIA"), (0.3, 0.3), 100, (50, 50))
#: The probability of PNEUMONIA, the true class and the patient: sets N, N, N, both, P, P.
IMAGES = [(0.1, 0, 0), (0.2, 0, 0), (0.2, 1, 0), (0.4, 1, 1), (0.8, 1, 2), (0.9, 0, 3)]


@pytest.fixture
def found():
    p, targets, owners = (np.array(column) for column in zip(*IMAGES, strict=True))
    return SetFigures.measure(RULE, np.stack([1 - p, p], axis=1), targets, owners)


def test_figures_of_a_few_images(found):
    assert found.sizes == {"1": 5, "2": 1}
    assert found.outcomes["NORMAL"] == {"alone": 2, "among": 0, "missed": 1}
    assert found.outcomes["PNEUMONIA"] == {"alone": 1, "among": 1, "missed": 1}
    assert found.covered.value == pytest.approx((2 / 3 + 1 + 1 + 0) / 4)  # patients weigh alike
    assert found.covered == share_estimate([2 / 3, 1, 1, 0], np.arange(4))
    assert found.covered_by_class["NORMAL"].value == pytest.approx((1 + 0) / 2)
    assert found.covered_by_class["PNEUMONIA"].value == pytest.approx((0 + 1 + 1) / 3)
    assert found.size.value == pytest.approx(7 / 6) and 1 <= found.size.low < 7 / 6 < found.size.high <= 2
    assert found.single.value == pytest.approx(5 / 6) and found.single_right.value == pytest.approx(3 / 5)
    assert {name: one.value for name, one in found.right_by_class.items()} == pytest.approx(
        {"NORMAL": 2 / 3, "PNEUMONIA": 1 / 2}
    )


def test_figures_survive_json(found):
    assert SetFigures.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_what_has_no_images_is_undefined():
    found = SetFigures.measure(RULE, np.array([[0.5, 0.5]]), [1], np.array([0]))
    assert found.single_right == found.right_by_class["NORMAL"] == found.covered_by_class["NORMAL"] == Estimate(None)
    assert found.covered.value == 1 and found.covered.low < 0.1 and found.size.value == 2


def test_the_sizes_of_three_classes_reach_three():
    rule = SetRule(SetPlan(0.9), ("a", "b", "c"), (0.2, 0.2, 0.2), 100, (50, 50, 50))
    values = np.array([[0.8, 0.1, 0.1], [0.4, 0.3, 0.3], [0.5, 0.4, 0.1]])
    found = SetFigures.measure(rule, values, [0, 1, 2], np.arange(3))
    assert found.sizes == {"1": 1, "2": 1, "3": 1} and found.size.value == pytest.approx(2)
    assert found.size.high <= 3 and found.covered.value == pytest.approx(2 / 3)
