"""Prediction sets hold their coverage for new patients, by class where asked, and never name fewer classes for more."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.errors import DataError
from chestnut.evaluation.conformal import SetPlan, SetRule, least_probability

CLASSES = ("NORMAL", "PNEUMONIA")


def draw(random, patients, sizes, correlation, wrong=0.5):
    """Draw images of patients: probabilities (n, 2), targets, owners; scores of a patient's images are correlated."""
    counts = np.full(patients, sizes) if isinstance(sizes, int) else random.integers(sizes[0], sizes[1] + 1, patients)
    owners = np.repeat(np.arange(patients), counts)
    targets = (random.random(patients) < 0.4).astype(int)[owners]
    noise = np.sqrt(correlation) * random.standard_normal(patients)[owners]
    noise = noise + np.sqrt(1 - correlation) * random.standard_normal(len(owners))
    positive = 1 / (1 + np.exp(-2 * (np.where(targets == 1, 0.5, -1.0) + wrong * 2 * noise)))
    return np.stack([1 - positive, positive], axis=1), targets, owners


def slowest(own, owners, coverage):
    """Try every probability by the definition, in exact fractions."""
    patients = sorted(set(owners))
    spare = (1 - Fraction(coverage).limit_denominator(10**6)) * (len(patients) + 1) - 1
    found = Fraction(0)
    for least in own:
        missed = sum(
            Fraction(sum(p < least for p, owner in zip(own, owners, strict=True) if owner == one), owners.count(one))
            for one in patients
        )
        if missed <= spare:
            found = max(found, Fraction(least))
    return float(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), min_size=1, max_size=30),
    st.sampled_from([0.05, 0.3, 0.5, 0.8, 0.9, 0.95]),
)
def test_the_least_probability_is_that_of_the_definition(rows, coverage):
    owners, values = [row[0] for row in rows], [row[1] / 8 for row in rows]
    assert least_probability(np.array(values), np.array(owners), coverage) == slowest(values, owners, coverage)


@pytest.mark.parametrize(("images", "coverage"), [(9, 0.9), (19, 0.9), (50, 0.9), (99, 0.99), (200, 0.5)])
def test_with_one_image_a_patient_it_is_the_usual_quantile(images, coverage):
    own = np.random.default_rng(images).random(images)
    rank = int(np.ceil(round((images + 1) * coverage, 9)))  # Vovk, Gammerman and Shafer 2005: of the scores 1 - p
    assert least_probability(own, np.arange(images), coverage) == pytest.approx(1 - np.sort(1 - own)[rank - 1])


@pytest.mark.parametrize("per_class", [False, True])
@pytest.mark.parametrize(("patients", "sizes", "correlation"), [(40, 1, 0.0), (60, (1, 30), 0.95), (200, (1, 3), 0.5)])
def test_new_patients_are_covered(patients, sizes, correlation, per_class):
    """Each of many samples is judged on many new patients; of each, the mean over the images is a random image's."""
    random, plan, found = np.random.default_rng(1), SetPlan(0.9, per_class), []
    for _ in range(150):
        rule = SetRule.fit(plan, *draw(random, patients, sizes, correlation), CLASSES)
        probabilities, targets, owners = draw(random, 200, sizes, correlation)
        hits = rule.members(probabilities)[np.arange(len(targets)), targets]
        shares = np.bincount(owners, hits) / np.bincount(owners)
        truth = targets[np.unique(owners, return_index=True)[1]]
        found.append([shares.mean(), shares[truth == 0].mean(), shares[truth == 1].mean()])
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    promised = [1, 2] if per_class else [0]
    assert (means[promised] >= 0.9 - 3 * errors[promised]).all()
    assert means[promised].min() < 0.96  # and not by naming everything
    if not per_class:
        assert means[1] > 0.9 > means[2]  # the rarer and harder class pays


def test_patients_with_many_images_count_no_more_than_others():
    own = np.r_[np.full(300, 0.01), np.linspace(0.5, 0.9, 29)]
    owners = np.r_[np.zeros(300, int), np.arange(1, 30)]
    assert least_probability(own, owners, 0.9) > 0.5


def test_patients_of_whom_there_are_more_images_because_they_are_easy_do_not_hide_the_others():
    random, found = np.random.default_rng(2), {"by patient": [], "by image": []}
    for _ in range(300):
        samples = []
        for patients in (30, 100):
            ease = random.standard_normal(patients)
            owners = np.repeat(np.arange(patients), 1 + random.binomial(29, 1 / (1 + np.exp(-2 * ease))))
            samples.append((1 / (1 + np.exp(-1 - 2 * ease[owners] - random.standard_normal(len(owners)))), owners))
        (own, owners), (new, others) = samples
        for way, names in (("by patient", owners), ("by image", np.arange(len(own)))):
            hits = new >= least_probability(own, names, 0.9)
            found[way].append((np.bincount(others, hits) / np.bincount(others)).mean())
    error = np.std(found["by patient"]) / np.sqrt(300)
    assert np.mean(found["by patient"]) >= 0.9 - 3 * error
    assert np.mean(found["by image"]) < 0.85  # what happens if every image weighs alike


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.lists(st.floats(0.05, 0.95), min_size=2, max_size=6))
def test_sets_are_nested_in_the_coverage_and_never_empty(seed, per_class, coverages):
    random = np.random.default_rng(seed)
    sample, new = draw(random, 40, (1, 4), 0.5), draw(random, 20, 2, 0.5)[0]
    before = None
    for coverage in sorted(coverages):
        members = SetRule.fit(SetPlan(coverage, per_class), *sample, CLASSES).members(new)
        assert members.any(axis=1).all()
        assert before is None or (members >= before).all()
        before = members


def test_the_order_of_rows_and_the_names_of_patients_do_not_matter():
    random = np.random.default_rng(3)
    probabilities, targets, owners = draw(random, 50, (1, 5), 0.5)
    order, names = random.permutation(len(owners)), random.permutation(50) + 7
    for per_class in (False, True):
        plan = SetPlan(0.8, per_class)
        assert SetRule.fit(plan, probabilities, targets, owners, CLASSES) == SetRule.fit(
            plan, probabilities[order], targets[order], names[owners[order]], CLASSES
        )


def test_three_classes_have_cut_offs_of_their_own():
    random = np.random.default_rng(4)
    targets = np.repeat([0, 1, 2], 40)
    probabilities = random.dirichlet([1, 1, 1], 120)
    probabilities[np.arange(120), targets] += np.repeat([2.0, 1.0, 0.0], 40)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    one = SetRule.fit(SetPlan(0.9, per_class=True), probabilities, targets, np.arange(120), ("a", "b", "c"))
    assert one.least[0] > one.least[1] > one.least[2] and one.patients == (40, 40, 40)
    assert len(set(SetRule.fit(SetPlan(0.9), probabilities, targets, np.arange(120), ("a", "b", "c")).least)) == 1


def test_a_class_with_too_few_patients_is_in_every_set_and_that_is_said():
    random = np.random.default_rng(5)
    probabilities, targets, owners = draw(random, 60, 1, 0)
    targets[:] = 0
    targets[:18] = 1
    rule = SetRule.fit(SetPlan(0.95, per_class=True), probabilities, targets, owners, CLASSES)
    assert rule.unlimited == ("PNEUMONIA",) and rule.least[1] == 0 and rule.least[0] > 0
    assert rule.members(np.array([[1.0, 0.0]])).all()
    (note,) = rule.notes
    assert "every set contains PNEUMONIA (18 patients)" in note and "needs calibration images of 19 patients" in note
    targets[18] = 1
    assert SetRule.fit(SetPlan(0.95, per_class=True), probabilities, targets, owners, CLASSES).notes == ()


def test_a_coverage_that_too_few_patients_allow_is_refused():
    probabilities, targets, owners = draw(np.random.default_rng(6), 18, 2, 0.5)
    with pytest.raises(DataError, match=r"images of 19 patients, and there are 18; give at most 0\.947"):
        SetRule.fit(SetPlan(0.95), probabilities, targets, owners, CLASSES)
    assert SetRule.fit(SetPlan(0.947), probabilities, targets, owners, CLASSES).least[0] > 0
    with pytest.raises(DataError, match="19 patients of a class, and there are"):
        SetRule.fit(SetPlan(0.95, per_class=True), probabilities, targets, owners, CLASSES)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, float("nan"), float("inf")])
def test_a_coverage_that_is_no_share_is_refused(coverage):
    with pytest.raises(DataError, match=r"coverage=.*: give a share above 0 and below 1"):
        SetPlan(coverage)


def test_classes_of_their_own_need_a_coverage():
    assert SetPlan.of(None, per_class=False) is None and SetPlan.of(0.8, per_class=True) == SetPlan(0.8, per_class=True)
    with pytest.raises(DataError, match="give the coverage"):
        SetPlan.of(None, per_class=True)


def test_a_network_that_is_better_than_the_coverage_names_one_class_and_that_is_said():
    random = np.random.default_rng(7)
    sample = draw(random, 200, (1, 4), 0.5, wrong=0.2)
    rule = SetRule.fit(SetPlan(0.8), *sample, CLASSES)
    hits = sample[0].argmax(axis=1) == sample[1]
    expected = np.mean([hits[sample[2] == one].mean() for one in range(200)])
    assert expected > 0.8 and rule.alone == pytest.approx(expected)
    assert f"is right for {100 * expected:.1f} % of the calibration patients" in rule.notes[0]
    assert (rule.members(draw(random, 100, 1, 0)[0]).sum(axis=1) == 1).all()
    wider = SetRule.fit(SetPlan(0.99), *sample, CLASSES)
    assert wider.alone is None and wider.notes == ()
