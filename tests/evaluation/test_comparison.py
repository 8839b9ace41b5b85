"""Networks compared on the same images: Holm's correction, the ranking, shares of an AUROC."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, roc_auc_score

from chestnut.errors import DataError
from chestnut.evaluation.comparison import Candidate, rank, share_above_chance
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.paired.holm import holm
from chestnut.evaluation.seen import Seen


def columns(scores):
    scores = np.asarray(scores, dtype=float)
    return np.stack([1 - scores, scores], axis=1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_its_step_down_definition(ps):
    adjusted = holm(ps)
    m = len(ps)
    for at, p in enumerate(ps):
        below = [q for q in ps if q <= p]
        ordered = sorted(ps)
        expected = max(min(1.0, (m - k) * ordered[k]) for k in range(len(below)))
        assert adjusted[at] == pytest.approx(expected)
    assert all(a >= p for a, p in zip(adjusted, ps, strict=True))


@pytest.fixture(scope="module")
def study():
    """120 patients with 1 to 4 images; a good network, a twin of it, and a poor one."""
    random = np.random.default_rng(1)
    owners = np.repeat(np.arange(120), random.integers(1, 5, 120))
    truth = (owners % 2).astype(np.int64)
    easy = random.normal(0, 1, 120)[owners]

    def network(skill):
        return columns(1 / (1 + np.exp(-(skill * (truth - 0.5) + easy + random.normal(0, 0.3, len(truth))))))

    return truth, owners, {"good": network(4), "twin": network(4), "poor": network(1)}


def test_figures_and_differences_are_those_of_the_same_images(study):
    truth, owners, networks = study
    found = rank(truth, owners, [Candidate(name, (values,)) for name, values in networks.items()])
    for standing in found.standings:
        scores = networks[standing.name][:, 1]
        assert standing.figures["auroc"] == auroc_estimate(truth == 1, scores, owners)
        assert standing.figures["auroc"].value == pytest.approx(roc_auc_score(truth, scores))
        assert standing.figures["accuracy"].value == pytest.approx(accuracy_score(truth, scores >= 0.5))
    pair = found.pairs[-1]
    better, worse = (Seen(truth, networks[name], owners).figure("auroc") for name in (pair.better, pair.worse))
    known = difference_of(better - worse)
    assert (pair.p, pair.difference.low) == pytest.approx((known.p, known.low)) and pair.delong == pair.p


def test_equals_share_a_place_and_the_poor_one_does_not(study):
    truth, owners, networks = study
    found = rank(truth, owners, [Candidate(name, (values,)) for name, values in networks.items()])
    assert [(one.place, one.tied) for one in found.standings] == [(1, True), (1, True), (3, False)]
    assert {one.name for one in found.standings[:2]} == {"good", "twin"}
    assert [pair.distinguishable for pair in found.pairs] == [False, True]
    assert found.standings[0].behind is None and found.standings[2].behind.low > 0
    assert found.pairs[1].difference.value == pytest.approx(
        found.standings[1].figures["auroc"].value - found.standings[2].figures["auroc"].value
    )


def test_order_of_images_and_candidates_is_of_no_account(study):
    truth, owners, networks = study
    candidates = [Candidate(name, (values, networks["twin"])) for name, values in networks.items()]
    shuffled = np.random.default_rng(0).permutation(len(truth))
    again = [Candidate(one.name, tuple(values[shuffled] for values in one.repeats)) for one in candidates[::-1]]
    first = rank(truth, owners, candidates)
    second = rank(truth[shuffled], owners[shuffled], again)
    assert [one.name for one in first.standings] == [one.name for one in second.standings]
    for one, other in zip(first.standings, second.standings, strict=True):
        assert one.figures["auroc"].low == pytest.approx(other.figures["auroc"].low)
    assert [pair.adjusted for pair in first.pairs] == pytest.approx([pair.adjusted for pair in second.pairs])


def test_copies_of_images_are_not_taken_for_more_patients(study):
    truth, owners, networks = study
    pair = ("good", "poor")
    alone, copied = (
        rank(
            np.tile(truth, n),
            np.tile(owners, n),
            [Candidate(k, (np.tile(networks[k], (n, 1)),)) for k in pair],
        )
        for n in (1, 5)
    )
    assert copied.pairs[0].p == pytest.approx(alone.pairs[0].p, rel=1e-6)
    ends = [(one.difference.low, one.difference.high) for one in (alone.pairs[0], copied.pairs[0])]
    assert ends[0] == pytest.approx(ends[1])


def test_repeats_are_averaged_and_widen_the_interval(study):
    truth, owners, networks = study
    single = rank(truth, owners, [Candidate("a", (networks["good"],)), Candidate("b", (networks["twin"],))])
    mixed = Candidate("a", (networks["good"], networks["poor"]))
    several = rank(truth, owners, [mixed, Candidate("b", (networks["twin"],))])
    places = {one.name: one for one in several.standings}
    areas = [roc_auc_score(truth, networks[name][:, 1]) for name in ("good", "poor")]
    assert places["a"].figures["auroc"].value == pytest.approx(np.mean(areas))
    assert places["a"].spread["auroc"] == pytest.approx(np.std(areas, ddof=1))
    assert places["b"].spread["auroc"] is None
    assert several.pairs[0].delong is None and single.pairs[0].delong is not None
    width = [one.figures["auroc"].high - one.figures["auroc"].low for one in (places["a"], single.standings[0])]
    assert width[0] > 2 * width[1]


def test_under_the_null_few_pairs_are_told_apart():
    """Two networks of equal skill: at level 0.05 about one study in twenty finds a difference."""
    random, found, studies = np.random.default_rng(5), 0, 120
    for _ in range(studies):
        owners = np.repeat(np.arange(60), 2)
        truth = owners % 2
        signal = 2 * truth + random.normal(0, 1, 60)[owners]
        a, b = (columns(1 / (1 + np.exp(-signal - random.normal(0, 1, 120)))) for _ in "ab")
        found += rank(truth, owners, [Candidate("a", (a,)), Candidate("b", (b,))], ("auroc",)).pairs[0].distinguishable
    # Five standard deviations of the binomial share above 0.05, and not so few that the test could never find any
    assert 1 <= found <= studies * 0.05 + 5 * np.sqrt(studies * 0.05 * 0.95)


def test_three_classes_are_ranked_by_the_mean_auroc():
    random = np.random.default_rng(2)
    truth = random.integers(0, 3, 200)
    sure, vague = (random.dirichlet(np.ones(3), 200) + strength * np.eye(3)[truth] for strength in (1.0, 0.2))
    sure, vague = (values / values.sum(axis=1, keepdims=True) for values in (sure, vague))
    found = rank(truth, np.arange(200), [Candidate("vague", (vague,)), Candidate("sure", (sure,))])
    assert [one.name for one in found.standings] == ["sure", "vague"]
    assert found.standings[0].figures["auroc"].value == pytest.approx(roc_auc_score(truth, sure, multi_class="ovr"))
    assert found.pairs[0].delong is None


def test_losses_are_ranked_from_the_least(study):
    truth, owners, networks = study
    found = rank(truth, owners, [Candidate(k, (v,)) for k, v in networks.items()], ("loss",))
    values = [one.figures["loss"].value for one in found.standings]
    assert values == sorted(values)
    assert all(pair.difference.value >= 0 for pair in found.pairs)


@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        ([], "0 networks to rank"),
        ([Candidate("a", (columns([0.1, 0.9]),))] * 2, "2 networks to rank"),
        ([Candidate("a", (columns([0.1, 0.9, 0.3]),))], "for 2 images"),
    ],
)
def test_what_cannot_be_ranked_is_refused(candidates, said):
    with pytest.raises(DataError, match=said):
        rank([0, 1], ["a", "b"], candidates)


def test_an_unknown_metric_is_refused():
    with pytest.raises(DataError, match="no metric 'aurok'; did you mean auroc"):
        rank([0, 1], ["a", "b"], [Candidate("a", (columns([0.1, 0.9]),))], ("aurok",))


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_ranks_a_perfect_network_first_even_where_it_is_infinite(metric):
    truth, random = np.arange(60) % 2, np.random.default_rng(0)

    def guess(noise):
        return columns(np.clip(0.1 + 0.8 * truth + random.normal(0, noise, 60), 0, 1))

    candidates = [
        Candidate("fair", (guess(0.35), guess(0.4))),
        Candidate("good", (guess(0.25),)),
        Candidate("perfect", (columns(truth), columns(truth))),
        Candidate("also perfect", (columns(truth),)),
    ]
    ranked = rank(truth, np.arange(60), candidates, (metric,))
    assert {one.name for one in ranked.standings[:2]} == {"perfect", "also perfect"}
    assert ranked.standings[1].place == 1


def three_networks(images=200):
    """The targets, patients and scores of networks whose AUROC is 0.98, 0.92 and 0.5 in the limit of many images."""
    random = np.random.default_rng(3)
    targets = np.arange(images) % 2
    gaps = {"sharp": 2.9, "blurred": 2.0, "blind": 0.0}
    scores = {name: 1 / (1 + np.exp(-random.normal(gap * targets, 1))) for name, gap in gaps.items()}
    return targets, np.arange(images) // 2, scores


def test_every_pair_is_tested_with_the_difference_of_the_ranking():
    targets, patients, scores = three_networks()
    candidates = [Candidate(name, (columns(one),)) for name, one in scores.items()]
    every = rank(targets, patients, candidates, every_pair=True)
    pairs = every.pairs
    assert [(pair.better, pair.worse) for pair in pairs] == [
        ("sharp", "blurred"),
        ("sharp", "blind"),
        ("blurred", "blind"),
    ]
    ranked = {(pair.better, pair.worse): pair for pair in rank(targets, patients, candidates).pairs}
    assert [standing.place for standing in every.standings] == [1, 2, 3]
    assert [pair.adjusted for pair in pairs] == holm([pair.p for pair in pairs])
    for pair in pairs:
        assert pair.distinguishable and pair.adjusted < 0.05
        if (pair.better, pair.worse) in ranked:
            assert ranked[pair.better, pair.worse].difference == pair.difference
    assert pairs[1].difference.value == pytest.approx(
        roc_auc_score(targets, scores["sharp"]) - roc_auc_score(targets, scores["blind"])
    )


def test_the_share_of_the_auroc_above_chance():
    targets, patients, scores = three_networks()
    named = {name: Candidate(name, (columns(one),)) for name, one in scores.items()}
    areas = {name: roc_auc_score(targets, one) for name, one in scores.items()}
    share = share_above_chance(targets, patients, named["blurred"], named["sharp"])
    assert share.value == pytest.approx((areas["blurred"] - 0.5) / (areas["sharp"] - 0.5))
    assert share.low < share.value < share.high < 1
    constant = Candidate("constant", (columns(np.full(len(targets), 0.5)),))
    nothing = share_above_chance(targets, patients, constant, named["sharp"])
    assert nothing.low < nothing.value == 0 < nothing.high
    turned = Candidate("turned", (columns(1 - scores["sharp"]),))
    assert share_above_chance(targets, patients, named["sharp"], turned).value is None
