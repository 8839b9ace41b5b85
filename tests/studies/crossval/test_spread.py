"""The interval of a mean over folds."""

from __future__ import annotations

import numpy as np
import pytest

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.studies.crossval.spread import Spread


def test_folds_that_differ_as_their_patients_do_have_the_interval_of_independent_figures():
    folds = [Estimate(0.8, 0.7, 0.85), Estimate(0.8, 0.7, 0.85)]
    spread = Spread.of("auroc", [folds])
    assert (spread.mean, spread.deviation, spread.folds) == (pytest.approx(0.8), 0, 2)
    assert [spread.low, spread.high] == pytest.approx([0.8 - 0.1 / np.sqrt(2), 0.8 + 0.05 / np.sqrt(2)])
    assert str(spread.estimate) == "0.800 (0.729–0.835)"


def test_repeats_of_the_same_patients_do_not_make_the_interval_narrower():
    folds = [Estimate(0.8, 0.7, 0.9), Estimate(0.8, 0.7, 0.9)]
    once, often = Spread.of("auroc", [folds]), Spread.of("auroc", [folds] * 5)
    assert often.folds == 10 and (often.low, often.high) == pytest.approx((once.low, once.high))


def test_folds_that_differ_more_than_their_patients_do_have_a_wider_interval_within_the_metrics_range():
    alike = Spread.of("auroc", [[Estimate(value, value - 0.01, value + 0.01) for value in (0.8, 0.801, 0.802)]])
    apart = Spread.of("auroc", [[Estimate(value, value - 0.01, value + 0.01) for value in (0.7, 0.8, 0.9)]])
    assert alike.high - alike.low < 0.02
    assert apart.high - apart.low > 0.4
    assert Spread.of("auroc", [[Estimate(0.5, 0.4, 0.6), Estimate(1.0, 0.9, 1.0)]]).high == 1
    assert Spread.of("mcc", [[Estimate(-0.9, -1, 0), Estimate(0.9, 0, 1)]]).low == -1
    assert Spread.of("loss", [[Estimate(1.0, 0.9, 1.1), Estimate(5.0, 4.0, 6.0)]]).high > 6


@pytest.mark.parametrize(
    "folds",
    [[], [Estimate(0.8, 0.7, 0.9)], [Estimate(0.8, 0.7, 0.9), Estimate(0.7)], [Estimate(None, 3.0), Estimate(None)]],
)
def test_there_is_no_interval_for_one_fold_or_without_the_folds_intervals(folds):
    spread = Spread.of("lr_positive", [folds])
    assert spread.low is spread.high is None
    assert spread.folds == sum(one.value is not None for one in folds)
