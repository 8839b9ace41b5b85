"""Prediction sets under shifts are judged only on patients whom they were not fitted on."""

import json

import numpy as np
import pytest

from chestnut.errors import DataError
from chestnut.evaluation.conformal import SetPlan, SetRule
from chestnut.evaluation.set_figures import SetShares
from chestnut.robustness.set_coverage import Calibration, ShiftedSets

CLASSES = ("NORMAL", "PNEUMONIA")


def draw(seed=0, patients=120, shift=0.0):
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), random.integers(1, 4, patients))
    targets = (np.arange(patients) % 2)[owners]
    p = 1 / (1 + np.exp(-(3 * (targets - 0.5) + random.standard_normal(len(owners)) + shift)))
    return np.stack([1 - p, p], axis=1), targets, np.array([f"patient-{number}" for number in owners])


@pytest.mark.parametrize("per_class", [False, True])
def test_each_half_is_judged_by_the_other(per_class):
    plain, targets, patients = draw()
    moved = draw(shift=2.0)[0]
    plan = SetPlan(0.9, per_class)
    calibration = Calibration.divide(plan, CLASSES, targets, patients, seed=1)
    found = calibration.judge({"plain": plain, "moved": moved})
    second, owners = calibration.second, calibration.owners
    assert not set(patients[second]) & set(patients[~second]) and abs(len(set(patients[second])) - 60) <= 1
    for name, values in (("plain", plain), ("moved", moved)):
        members = np.zeros((len(targets), 2), bool)
        for judged in (second, ~second):
            rule = SetRule.fit(plan, plain[~judged], targets[~judged], owners[~judged], CLASSES)
            members[judged] = rule.members(values[judged])
        assert found[name] == SetShares.measure(members, targets, owners, CLASSES)
    assert found["plain"].covered.value > 0.85 > found["moved"].covered_by_class["NORMAL"].value
    assert found["moved"].covered_by_class["PNEUMONIA"].value > 0.98


def test_another_data_set_is_judged_by_all_validation_images():
    plain, targets, patients = draw()
    others = draw(seed=5, patients=40)
    calibration = Calibration.divide(SetPlan(0.9), CLASSES, targets, patients, seed=1)
    rule = SetRule.fit(SetPlan(0.9), plain, targets, calibration.owners, CLASSES)
    _, numbers = np.unique(others[2], return_inverse=True)
    expected = SetShares.measure(rule.members(others[0]), others[1], numbers, CLASSES)
    assert calibration.judge_others(plain, *others) == expected


def test_too_few_patients_in_a_half_are_refused():
    _, targets, patients = draw(patients=36)
    with pytest.raises(DataError, match="one half of the 36 validation patients, and that takes 19 in each"):
        Calibration.divide(SetPlan(0.95), CLASSES, targets, patients, seed=0)
    Calibration.divide(SetPlan(0.94), CLASSES, targets, patients, seed=0)


def test_the_worst_comes_first_and_all_survives_json():
    plain, targets, patients = draw()
    calibration = Calibration.divide(SetPlan(0.9), CLASSES, targets, patients, seed=1)
    values = {"plain": plain, "a little": draw(shift=0.5)[0], "much": draw(shift=3.0)[0]}
    found = ShiftedSets(0.9, False, calibration.judge(values), calibration.judge_others(plain, *draw(seed=5)))
    assert list(found.worst_first().conditions) == ["plain", "much", "a little"]
    assert ShiftedSets.from_dict(json.loads(json.dumps(found.to_dict()))) == found
