"""A threshold is the best that a rule can have, is judged on patients that did not choose it, and refused in words."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from chestnut.errors import DataError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.operating.choice import choose, halves
from chestnut.evaluation.operating.point import OperatingPoint, Promise, choose_point
from chestnut.evaluation.operating.rule import Rule

TRUTH = np.array([False, True] * 20)
SCORES = np.linspace(0.1, 0.9, 40)
RULES = st.one_of(
    st.sampled_from([Rule("balanced"), Rule("youden"), Rule("f1")]),
    st.builds(lambda name, share: Rule(name, (share,)), st.sampled_from(["sensitivity", "specificity"]),
              st.sampled_from([0.2, 0.5, 0.8, 1.0])),
    st.builds(lambda share: Rule("prevalence", (share,)), st.sampled_from([0.01, 0.1, 0.5, 0.9])),
    st.builds(lambda cost: Rule("cost", (cost, 1.0)), st.sampled_from([0.1, 1.0, 10.0, 1000.0])),
)  # fmt: skip


def value(rule, truth, decided):
    """What a rule wants as much as possible of; minus infinity where a least value is missed."""
    found, passed = decided[truth].mean(), (~decided)[~truth].mean()
    missed, alarms = (truth & ~decided).sum(), (~truth & decided).sum()
    return {
        "f1": lambda: f1_score(truth, decided, zero_division=0.0),
        "sensitivity": lambda: passed if found >= rule.least else -np.inf,
        "specificity": lambda: found if passed >= rule.least else -np.inf,
        "prevalence": lambda: rule.values[0] * found + (1 - rule.values[0]) * passed,
        "cost": lambda: -(rule.values[0] * missed + rule.values[1] * alarms),
    }.get(rule.name, lambda: found + passed)()


@given(RULES, st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=25))
@settings(max_examples=80, deadline=None)
def test_a_threshold_is_the_best_there_is(rule, rows):
    truth, scores = (np.array(part) for part in zip(*rows, strict=True))
    assume(truth.any() and not truth.all() and len(set(scores)) > 1)
    scores = scores / 10
    threshold = choose(rule, truth, scores)
    every = [value(rule, truth, scores >= one) for one in np.arange(-1, 21) / 20 + 1e-9]
    assert value(rule, truth, scores >= threshold) == pytest.approx(max(every))
    assert 0 <= threshold <= 1


def test_a_score_of_1_is_positive_at_every_threshold():
    truth, scores = np.array([True, False, True, False]), np.array([0.5, 1.0, 1.0, 0.2])
    for rule in (Rule("youden"), Rule("prevalence", (0.01,)), Rule("cost", (1.0, 1000.0))):
        threshold = choose(rule, truth, scores)
        assert (scores >= threshold).sum() >= 2 and threshold < 1
    with pytest.raises(DataError, match=r"'specificity=1' cannot be met: negative .* at most 'specificity=0\.5'"):
        choose(Rule("specificity", (1.0,)), truth, scores)


def test_neighbouring_scores_are_told_apart():
    low = 0.3
    high = np.nextafter(low, 1)
    threshold = choose(Rule("youden"), np.array([False, True]), np.array([low, high]))
    assert (np.array([low, high]) >= threshold).tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("youdn", "did you mean youden"),
        ("youden=1", "youden takes no value"),
        ("sensitivity", "give a share above 0 and up to 1, as in 'sensitivity=0.95'"),
        ("sensitivity=95", "give a share above 0 and up to 1"),
        ("specificity=most", "give a share"),
        ("specificity=0.5:1", "give a share"),
        ("prevalence=1", "give a share above 0 and below 1, as in 'prevalence=0.1'"),
        ("cost=10", "give two numbers above 0, as in 'cost=10:1'"),
        ("cost=-1:1", "give two numbers above 0"),
        ("cost=inf:1", "give two numbers above 0"),
        ("fixed=1.01", "give a probability from 0 to 1, as in 'fixed=0.5'"),
        ("fixed=nan", "give a probability from 0 to 1"),
        ("", "allowed are youden, balanced, f1, 'sensitivity=SHARE'"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(text, said):
    with pytest.raises(DataError, match=said):
        Rule.parse(text)


@given(RULES)
def test_a_rule_is_read_as_it_is_written(rule):
    assert Rule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("truth", "scores", "owners", "said"),
    [
        (np.ones(40, bool), SCORES, np.arange(40), "only one is present"),
        (TRUTH, np.full(40, 0.25), np.arange(40), "all 40 images have the probability 0.25"),
        (np.arange(40) == 3, SCORES, np.arange(40), r"patients with positive images: 1, with negative ones: 39"),
        (TRUTH, SCORES, np.arange(40) % 2, "one class only"),
        (TRUTH, np.where(SCORES > 0.8, np.nan, SCORES), np.arange(40), "NaN or infinite"),
    ],
)
def test_images_that_can_choose_no_threshold_are_refused(truth, scores, owners, said):
    with pytest.raises(DataError, match=said):
        choose_point(Rule("youden"), "val", truth, owners, scores[None])


@given(st.integers(4, 40), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_halves_part_patients_and_share_out_the_sick(patients, seed):
    owners = np.repeat(np.arange(patients), 2)
    truth = owners % 2 == 0
    second = halves(truth, owners, seed)
    assert (second[::2] == second[1::2]).all()
    for group in (truth, ~truth):
        assert abs(int(second[group].sum()) - int((~second)[group].sum())) <= 2


def draw(patients, seed):
    """Scores of patients with two correlated images each, half of them ill."""
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), 2)
    truth = owners % 2 == 1
    latent = truth * 1.5 + random.normal(0, 0.8, patients)[owners] + random.normal(0, 0.6, 2 * patients)
    return truth, owners, 1 / (1 + np.exp(-latent))


def test_what_is_promised_is_found_on_other_patients():
    """The rates at the chosen threshold on patients drawn anew are inside the interval that was promised."""
    truth, _, scores = draw(20_000, 1)
    inside, flattering = [], []
    for seed in range(60):
        mine, owners, own = draw(60, seed + 10)
        point = choose_point(Rule("youden"), "val", mine, owners, own[None], seed)
        decided, promised = scores >= point.threshold, point.promised
        real = decided[truth].mean() + (~decided)[~truth].mean()
        low, high = (getattr(promised.sensitivity, end) + getattr(promised.specificity, end) for end in ("low", "high"))
        inside.append(low <= real <= high)
        own_decided = own >= point.threshold
        flattering.append(own_decided[mine].mean() + (~own_decided)[~mine].mean() - real)
    assert np.mean(inside) >= 0.95
    assert np.mean(flattering) > 0.01  # why it is judged on the other half


def test_a_point_under_shifts_weighs_them_alike():
    truth, owners, scores = draw(60, 3)
    point = choose_point(Rule("sensitivity", (0.9,)), "stress", truth, owners, np.stack([scores, scores**2]))
    decided = np.concatenate([scores, scores**2]) >= point.threshold
    assert decided[np.tile(truth, 2)].mean() >= 0.9
    assert point.threshold < choose(Rule("sensitivity", (0.9,)), truth, scores)


@pytest.mark.parametrize(
    ("low", "high", "warning"),
    [(0.96, 0.99, ""), (0.9, 0.98, "do not show that it is 0.95 or more"), (0.8, 0.94, "which is less than 0.95")],
)
def test_an_interval_that_does_not_hold_the_promise_is_told(low, high, warning):
    rates = Promise(Estimate((low + high) / 2, low, high), Estimate(0.5, 0.4, 0.6))
    found = OperatingPoint("sensitivity=0.95", "val", 0.3, rates).warning
    assert warning in found and bool(found) == bool(warning)
    assert OperatingPoint("youden", "val", 0.3, rates).warning == ""


def test_a_threshold_is_rescaled_with_the_temperature():
    rates = Promise(Estimate(0.9, 0.8, 0.95), Estimate(0.5, 0.4, 0.6))
    point = OperatingPoint("f1", "val", 0.9, rates).rescaled(1.0, 2.0)
    assert point.threshold == pytest.approx(0.75) and point.promised == rates
