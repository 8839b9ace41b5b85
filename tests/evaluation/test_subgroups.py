"""Figures of groups: by hand, by slow versions, and the level of the differences by simulation."""

import numpy as np
import pytest
from scipy import stats

from chestnut.evaluation.grouping import RARE, Grouping
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.shares import Share, share_estimate
from chestnut.evaluation.outcome import Outcome, Rate
from chestnut.evaluation.subgroups import FEWEST_TESTED, Subgroups, _difference, compare_groups


def outcome(patients=120, seed=0):
    """Two images of each patient, of both classes alternately, decided at 0.5."""
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), 2)
    truth = owners % 2 == 0
    scores = np.clip(0.35 + 0.3 * truth + 0.2 * random.normal(size=len(owners)), 0, 1)
    return Outcome((scores >= 0.5) == truth, owners, truth, scores)


def groups_of(made, cells, column="sex"):
    cells = np.asarray(cells, dtype=object)[made.owners]
    (found,) = compare_groups([Grouping.of(column, cells.tolist(), made.owners)], made)
    return found


def test_figures_of_a_group_are_those_of_its_images_alone():
    made = outcome()
    found = groups_of(made, ["F"] * 50 + ["M"] * 70)
    own = made.take(np.flatnonzero(made.owners < 50))
    women = found.groups[0]
    assert (women.name, women.images, women.patients, women.positives, women.negatives) == ("F", 100, 50, 25, 25)
    assert women.metrics["auroc"] == auroc_estimate(own.truth, own.scores, own.owners)
    assert women.metrics["sensitivity"] == share_estimate(own.right[own.truth], own.owners[own.truth])
    assert women.metrics["specificity"] == share_estimate(own.right[~own.truth], own.owners[~own.truth])
    assert women.metrics["accuracy"] == share_estimate(own.right, own.owners)
    assert not women.small and found.unknown == 0


def test_the_first_of_two_groups_is_compared_with_the_second_once():
    made = outcome()
    found = groups_of(made, ["F"] * 50 + ["M"] * 70)
    first, second = found.groups
    assert set(first.differences) == {"auroc", "sensitivity", "specificity"} and not second.differences
    for name, one in first.differences.items():
        assert one.estimate.value == pytest.approx(first.metrics[name].value - second.metrics[name].value)
        assert one.estimate.low < one.estimate.value < one.estimate.high
        assert one.p <= one.adjusted <= 1


def test_each_of_more_groups_is_compared_with_all_others_and_all_p_values_are_corrected_together():
    made = outcome(240)
    sites, sexes = (np.array(names * 80)[made.owners].tolist() for names in (["A", "B", "C"], ["F", "M", "M"]))
    groupings = [Grouping.of("site", sites, made.owners), Grouping.of("sex", sexes, made.owners)]
    by_site, by_sex = compare_groups(groupings, made)
    tested = [one for group in (*by_site.groups, *by_sex.groups) for one in group.differences.values()]
    assert len(tested) == 3 * 3 + 3
    smallest = min(tested, key=lambda one: one.p)
    assert smallest.adjusted == pytest.approx(min(1, len(tested) * smallest.p))
    others = made.take(np.flatnonzero(made.owners % 3 != 0))
    value = by_site.groups[0].metrics["auroc"].value - auroc_estimate(others.truth, others.scores, others.owners).value
    assert by_site.groups[0].differences["auroc"].estimate.value == pytest.approx(value)


def test_a_group_that_is_always_wrong_stands_out():
    made = outcome()
    made.right[(made.owners < 50) & made.truth] = False
    found = groups_of(made, ["F"] * 50 + ["M"] * 70)
    assert found.groups[0].differences["sensitivity"].stands_out
    assert "By sex, sensitivity is lower in F than in the others: −0." in found.sentences[0]
    assert "p < 0.001 after Holm's correction" in found.sentences[0]
    assert not found.groups[0].differences["specificity"].stands_out


def test_groups_of_few_patients_are_marked_and_not_compared_and_tiny_ones_not_shown():
    made = outcome(100)
    found = groups_of(made, ["A"] * 70 + ["B"] * 18 + ["C"] * 8 + ["D"] * 2 + [""] * 2, "site")
    a, b, c, rare = found.groups
    assert (b.positives, b.negatives) == (9, 9) and b.small and not b.differences and b.metrics
    assert c.small and not c.differences and c.metrics["accuracy"].low is not None
    assert rare.name == RARE and rare.metrics == {} and not rare.differences
    assert not a.small and set(a.differences) == {"auroc", "sensitivity", "specificity"}
    assert found.unknown == 4 and "site is not known for 4 images." in found.sentences
    assert any(f"fewer than {FEWEST_TESTED} patients of a class" in text for text in found.sentences)


def test_a_group_of_one_class_has_the_figures_that_it_can_have():
    made = outcome()
    found = groups_of(made, ["ill" if k % 2 == 0 else "well" for k in range(120)])
    assert set(found.groups[0].metrics) == {"sensitivity", "accuracy"}
    assert set(found.groups[1].metrics) == {"specificity", "accuracy"}
    assert not any(group.differences for group in found.groups)
    assert found.groups[0].has_few("specificity") and not found.groups[0].has_few("sensitivity")
    assert not any(group.small for group in found.groups) and found.sentences == ()


def test_of_more_than_two_classes_accuracy_is_compared():
    made = outcome()
    found = groups_of(Outcome(made.right, made.owners), ["F"] * 50 + ["M"] * 70)
    assert set(found.groups[0].metrics) == set(found.groups[0].differences) == {"accuracy"}
    assert found.groups[0].positives is None


def test_one_group_or_none_is_told_in_one_line():
    none, one = groups_of(outcome(), [""] * 120), groups_of(outcome(), ["F"] * 120)
    assert none.groups == [] and none.unknown == 240 and not none.divided and not one.divided
    assert none.sentences == ("By sex, the images cannot be divided: they are not known of any.",)
    assert one.sentences == ("By sex, the images cannot be divided: they are all in the group F.",)


def test_json_brings_the_groups_back():
    found = groups_of(outcome(100), ["A"] * 70 + ["B"] * 28 + [""] * 2, "site")
    assert Subgroups.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(("ours", "theirs"), [((20, 20), (18, 20)), ((9, 30), (15, 20)), ((50, 50), (50, 50))])
def test_interval_and_p_value_agree(ours, theirs):
    found = _difference(*(Rate(Share(hits / trials, trials)) for hits, trials in (ours, theirs)))
    assert found.estimate.low < found.estimate.high
    assert (found.p < 0.05) == (not found.estimate.low <= 0 <= found.estimate.high)
    if ours[0] / ours[1] == theirs[0] / theirs[1]:
        assert found.p == 1


def test_the_interval_of_a_difference_is_newcombes():
    # Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10: 56/70 - 48/80, and 10/10 - 0/20
    found = _difference(Rate(Share(56 / 70, 70)), Rate(Share(48 / 80, 80))).estimate
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    found = _difference(Rate(Share(1.0, 10)), Rate(Share(0.0, 20))).estimate
    assert (found.low, found.high) == pytest.approx((0.6791, 1.0), abs=5e-5)


@pytest.mark.parametrize(("share", "icc"), [(0.9, 0.5), (0.98, 0.95)])
def test_equal_groups_differ_by_chance_as_often_as_they_should(share, icc):
    random, repeats, wrong = np.random.default_rng(1), 150, 0

    def draw(patients):
        sizes = random.integers(1, 8, patients)
        together = random.random(patients) < icc  # such patients are right or wrong in all their images
        hits = np.where(together, sizes * (random.random(patients) < share), random.binomial(sizes, share))
        return Rate(Share.of(hits.astype(float), sizes.astype(float)), patients - 1)

    for _ in range(repeats):
        difference = _difference(draw(15), draw(60)).estimate
        wrong += not difference.low <= 0 <= difference.high
    assert wrong <= stats.binom.ppf(0.999, repeats, 0.05)
