"""Facts that differ between mistakes and right decisions are found, by patient, and none where there is nothing."""

import numpy as np
import pytest
from scipy import stats

from chestnut.evaluation.grouping import Grouping
from chestnut.mistakes.contrasts import contrast, correct
from chestnut.mistakes.image_facts import ImageFacts

COUNT, WRONG = 200, 60


@pytest.fixture
def places():
    return np.arange(WRONG), np.arange(WRONG, COUNT)


def drawn(seed, shift=0.0):
    """Return numbers of which those of the first sixty are shifted."""
    return np.random.default_rng(seed).normal(size=COUNT) + shift * (np.arange(COUNT) < WRONG)


def test_a_planted_fact_stands_out_and_others_do_not(places):
    owners = np.arange(COUNT)
    cells = ["AP" if row < 40 or row >= 180 else "PA" for row in range(COUNT)]
    facts = ImageFacts({"noise": drawn(0, 1.2), "size": drawn(1)}, {"view": Grouping.of("view", cells, owners)})
    (found,) = correct([contrast(facts, *places, owners)])
    assert {one.fact for one in found if one.stands_out} == {"noise", "view"}
    noise, view = (next(one for one in found if one.fact == name) for name in ("noise", "view"))
    assert noise.describe().startswith("noise is higher (median ") and noise.effect.low > 0.7
    assert (view.group, view.these, view.others) == ("AP", 40 / 60, 20 / 140)
    assert view.describe().startswith("view AP is more frequent (67 % against 14 %; difference 0.524 (")


def test_the_effect_is_that_of_mann_and_whitney(places):
    values = np.round(drawn(3, 0.3), 1)
    (one,) = contrast(ImageFacts({"noise": values}, {}), *places, np.arange(COUNT))
    wrong, right = values[places[0]], values[places[1]]
    assert one.effect.value == pytest.approx(stats.mannwhitneyu(wrong, right).statistic / len(wrong) / len(right))
    assert one.p == pytest.approx(stats.mannwhitneyu(wrong, right).pvalue, rel=0.5)


def test_many_images_of_few_patients_are_no_proof(places):
    values = np.repeat(np.random.default_rng(0).normal(size=20), 10)  # ten images each, all alike
    owners = np.repeat(np.arange(20), 10)
    alone = contrast(ImageFacts({"noise": values}, {}), *places, np.arange(COUNT))
    together = contrast(ImageFacts({"noise": values}, {}), *places, owners)
    assert alone[0].p < 0.05 < together[0].p
    assert contrast(ImageFacts({"noise": values}, {}), places[0][:40], places[1], owners) == []  # of four patients


def test_chance_is_seldom_called_a_difference(places):
    owners = np.arange(COUNT)
    found = [
        correct([contrast(ImageFacts({str(n): drawn(10 * seed + n) for n in range(3)}, {}), *places, owners)])
        for seed in range(8)
    ]
    assert sum(any(one.stands_out for one in each) for (each,) in found) <= 2


def test_unknown_values_are_left_out_and_equal_ones_not_compared(places):
    values = drawn(0, 2.0)
    values[::2] = np.nan
    (one,) = contrast(ImageFacts({"age": values, "same": np.ones(COUNT)}, {}), *places, np.arange(COUNT))
    assert one.fact == "age" and one.these == pytest.approx(np.median(values[1:WRONG:2]))
