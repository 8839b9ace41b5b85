"""No decision and no figure comes from a number that is not finite or not a probability."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.errors import DataError
from chestnut.evaluation.calibration.error import Gaps, equal_mass_bins
from chestnut.evaluation.comparison import Candidate, rank
from chestnut.evaluation.curves import precision_recall, reliability, roc
from chestnut.evaluation.intervals.shares import wilson
from chestnut.evaluation.metrics import decide, evaluate
from chestnut.evaluation.operating.choice import choose
from chestnut.evaluation.operating.rule import Rule
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.ranking_metrics import Ranking
from chestnut.evaluation.selection_bias import gain_of_chosen
from chestnut.evaluation.softmax import probabilities

NAN, INF = math.nan, math.inf
BAD = [NAN, INF, -INF]
TRUTH, OWNERS = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])


def scores(bad):
    return np.array([0.1, 0.7, bad, 0.9])


def rows(bad):
    return np.stack([1 - scores(bad), scores(bad)], axis=1)


@given(value=st.floats(), place=st.integers(0, 3), classes=st.integers(2, 4))
@settings(max_examples=200, deadline=None)
def test_decide_answers_for_probabilities_alone(value, place, classes):
    values = np.full((4, classes), 1 / classes)
    values[place, classes - 1] = value
    if 0 <= value <= 1:
        assert set(decide(values)) <= set(range(classes))
    elif not 1 < value <= 1.01:
        with pytest.raises(DataError, match=r"NaN or infinite|none outside 0 to 1"):
            decide(values)


@given(threshold=st.floats())
@settings(max_examples=200, deadline=None)
def test_decide_takes_thresholds_from_0_to_1_alone(threshold):
    if 0 <= threshold <= 1:
        assert decide([[0.0, 1.0]], threshold).tolist() == [1]
    else:
        with pytest.raises(DataError, match=r"threshold=.*: give a probability from 0 to 1"):
            decide([[0.0, 1.0]], threshold)


FIGURES = {
    "evaluate": lambda bad: evaluate(TRUTH, rows(bad), OWNERS, ["A", "B"], resamples=5),
    "ranking": lambda bad: Ranking.of(TRUTH, scores(bad), OWNERS),
    "calibration": lambda bad: Gaps.of(TRUTH, scores(bad), OWNERS),
    "bins": lambda bad: equal_mass_bins(scores(bad)),
    "paired": lambda bad: Contributions.of_auroc(TRUTH == 1, scores(bad), OWNERS),
    "paired mean": lambda bad: Contributions.of_mean(scores(bad), OWNERS),
    "roc": lambda bad: roc(TRUTH, scores(bad), OWNERS),
    "precision and recall": lambda bad: precision_recall(TRUTH, scores(bad), OWNERS),
    "reliability": lambda bad: reliability(TRUTH, scores(bad), OWNERS, resamples=5),
    "choose": lambda bad: choose(Rule("balanced"), TRUTH == 1, scores(bad)),
    "gain": lambda bad: gain_of_chosen(TRUTH, OWNERS, [[scores(0.5)], [scores(bad)]], "loss", draws=5),
    "rank": lambda bad: rank(TRUTH, OWNERS, [Candidate("one", (rows(bad),))], ["auroc"]),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_comes_from_a_score_that_is_not_finite(name, bad):
    with pytest.raises(DataError, match=r"NaN or infinite|not finite"):
        FIGURES[name](bad)


@pytest.mark.parametrize(("hits", "trials"), [(NAN, 5), (1, NAN), (1, 0), (6, 5), (-1, 5), (1, INF)])
def test_wilson_takes_hits_of_trials_alone(hits, trials):
    with pytest.raises(DataError, match="more than 0 trials"):
        wilson(hits, trials)


@pytest.mark.parametrize("least", [NAN, INF, 0.0, -0.5, 1.5])
def test_a_goal_is_a_share(least):
    with pytest.raises(DataError, match="give a share above 0 and up to 1"):
        Rule("sensitivity", (least,))
    with pytest.raises(DataError, match="give a share above 0 and up to 1"):
        Rule.parse(f"sensitivity={least}")


@pytest.mark.parametrize("temperature", [0.0, -1.0, NAN, INF])
def test_a_temperature_is_a_finite_number_above_0(temperature):
    with pytest.raises(DataError, match="give a finite number above 0"):
        probabilities([[0.0, 1.0]], temperature)
