"""How many patients a study needs, against slow exact versions and the published formulas."""

import math
from itertools import count

import numpy as np
import pytest
from scipy import stats

from chestnut.errors import DataError
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.sample_size import expected_width, patients_needed, plan


def exact_width(share, patients):
    """The width of SciPy's exact interval, averaged over every number of hits that there can be."""

    def width(hits):
        interval = stats.binomtest(hits, patients).proportion_ci(method="exact")
        return interval.high - interval.low

    return sum(stats.binom.pmf(hits, patients, share) * width(hits) for hits in range(patients + 1))


def buderer(share, width):
    """Patients of a class for a normal interval (Buderer 1996, formula 1)."""
    return stats.norm.isf(0.025) ** 2 * share * (1 - share) / (width / 2) ** 2


def hanley(auroc, width):
    """Patients of each class for a normal interval of an AUROC (Hanley and McNeil 1982)."""
    spread = auroc / (2 - auroc) + 2 * auroc**2 / (1 + auroc) - 2 * auroc**2
    return stats.norm.isf(0.025) ** 2 * spread / (width / 2) ** 2


def obuchowski(auroc, width):
    """Patients of each class for a normal interval of a fitted binormal AUROC (Obuchowski 1998, formula 6)."""
    a = math.sqrt(2) * stats.norm.ppf(auroc)
    return stats.norm.isf(0.025) ** 2 * 0.0099 * math.exp(-(a**2) / 2) * (6 * a**2 + 16) / (width / 2) ** 2


@pytest.mark.parametrize(("share", "patients"), [(0.5, 7), (0.9, 31), (0.99, 60), (1.0, 14)])
def test_the_width_is_that_of_the_exact_interval_over_all_outcomes(share, patients):
    assert expected_width(share, patients) == pytest.approx(exact_width(share, patients), abs=1e-9)


@pytest.mark.parametrize(("share", "width"), [(0.8, 0.5), (0.95, 0.4), (1.0, 0.3)])
def test_it_is_the_first_number_of_patients_that_is_enough(share, width):
    assert patients_needed(share, width) == next(n for n in count(1) if exact_width(share, n) <= width)


@pytest.mark.parametrize("share", [0.7, 0.8, 0.9])
def test_a_share_needs_somewhat_more_than_by_the_normal_formula_and_in_the_end_as_many(share):
    assert 1 < patients_needed(share, 0.1) / buderer(share, 0.1) < 1.25
    assert 1 < patients_needed(share, 0.01) / buderer(share, 0.01) < 1.02


def test_the_numbers_of_buderers_example_grow_by_the_exact_interval_alone():
    # Buderer 1996, figure 1: sensitivity 0.90 within ±0.10 at a prevalence of 0.20 needs 35 ill patients of 173 in all
    found = plan(0.2, sensitivity=0.9, prevalence=0.2)
    assert math.ceil(buderer(0.9, 0.2)) == 35
    assert found.most.positives == 42 and found.patients == 42 * 5


@pytest.mark.parametrize("auroc", [0.7, 0.8, 0.9, 0.95])
def test_an_auroc_needs_about_as_many_patients_as_the_published_formulas_say(auroc):
    for width in (0.1, 0.02):
        positives = plan(width, auroc=auroc).most.positives
        assert 0.95 < positives / hanley(auroc, width) < 1.4
        assert positives < 1.1 * obuchowski(auroc, width)
    assert plan(0.02, auroc=auroc).most.positives == pytest.approx(hanley(auroc, 0.02), rel=0.05)


def test_images_of_a_patient_count_by_how_alike_they_are():
    def patients(images, icc):
        return [
            need.patients for need in plan(0.1, sensitivity=0.9, auroc=0.9, images_per_patient=images, icc=icc).needs
        ]

    alone, alike, half, unlike = patients(1, 0.5), patients(4, 1), patients(4, 0.5), patients(4, 0)
    assert alike == alone
    assert all(one > two > three > one / 4 for one, two, three in zip(alone, half, unlike, strict=True))


def test_prevalence_says_how_many_others_come_along():
    found = plan(0.1, sensitivity=0.9, specificity=0.9, auroc=0.95, prevalence=0.3)
    ill, healthy, both = found.needs
    assert ill.positives == healthy.negatives == patients_needed(0.9, 0.1)
    assert ill.patients == math.ceil(ill.positives / 0.3) and healthy.patients == math.ceil(healthy.negatives / 0.7)
    assert both.positives == round(0.3 * both.patients)
    assert found.patients == ill.patients and found.to_dict()["positives"] == ill.positives
    assert all(need.width <= 0.1 for need in found.needs)
    assert f"{found.patients:,} patients" in found._repr_html_()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "no figure to plan for; give sensitivity=, specificity= or auroc="),
        ({"auroc": 0.4}, "auroc=0.4: give 0.5 or more"),
        ({"sensitivity": 1.1}, "sensitivity=1.1: give 0.01 to 1"),
        ({"specificity": float("nan")}, "specificity=nan: give 0.01 to 1"),
        ({"sensitivity": 0.9, "width": 0}, "width=0: give 0.001 or more"),
        ({"sensitivity": 0.9, "width": 1}, "width=1: give 0.001 to 0.9"),
        ({"sensitivity": 0.9, "prevalence": 0}, "prevalence=0: give 0.0001 or more"),
        ({"sensitivity": 0.9, "icc": -0.1}, "icc=-0.1: give 0 or more"),
        ({"sensitivity": 0.9, "images_per_patient": 0.5}, "images_per_patient=0.5: give 1 or more"),
        ({"sensitivity": 0.5, "width": 0.001, "prevalence": 0.01}, "more than 10,000,000 patients"),
        ({"auroc": 0.6, "width": 0.001, "prevalence": 0.0001}, "more than 10,000,000 patients"),
    ],
)
def test_what_cannot_be_planned_is_told_in_one_line(given, said):
    with pytest.raises(DataError, match=said.replace("(", r"\(")) as refused:
        plan(**({"width": 0.1} | given))
    assert "\n" not in str(refused.value)


def test_a_perfect_auroc_needs_patients_too():
    assert plan(0.1, auroc=1.0).patients > 20
    assert plan(0.9, auroc=0.5).patients >= 4


def test_intervals_of_simulated_studies_are_as_wide_as_planned():
    random, images, icc = np.random.default_rng(0), 3, 0.5
    share, area = (
        plan(0.1, images_per_patient=images, icc=icc, **one).most for one in ({"sensitivity": 0.9}, {"auroc": 0.9})
    )
    ill, healthy = np.repeat(np.arange(area.positives), images), np.repeat(np.arange(area.negatives), images)
    owners, truth = np.concatenate([ill, healthy + area.positives]), np.arange(len(ill) + len(healthy)) < len(ill)
    widths = []
    for _ in range(40):
        chances = random.beta(0.9 * (1 / icc - 1), 0.1 * (1 / icc - 1), share.positives)  # of a patient's images
        hits = random.random((share.positives, images)) < chances[:, None]
        one = share_estimate(hits.ravel(), np.repeat(np.arange(share.positives), images))
        common, own = random.normal(size=area.patients)[owners], random.normal(size=len(owners))
        scores = math.sqrt(icc) * common + math.sqrt(1 - icc) * own + math.sqrt(2) * stats.norm.ppf(0.9) * truth
        other = auroc_estimate(truth, scores, owners)
        widths.append((one.high - one.low, other.high - other.low))
    assert np.mean(widths, axis=0) == pytest.approx([0.1, 0.1], rel=0.05)
