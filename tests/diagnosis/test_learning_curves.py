"""Statistics of learning curves against scipy, simulation and the training loop's own early stopping."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import theilslopes

from chestnut.config import Recipe
from chestnut.diagnosis.learning_curves import (
    Curves,
    explained_drop,
    guessing_loss,
    longest_wait,
    noise,
    replay,
    slope,
    smoothed,
)
from chestnut.evaluation.standard_errors import auroc_error, share_error
from chestnut.training.checkpoint import Progress
from chestnut.training.loop import advance

LOSSES = st.lists(st.one_of(st.floats(0, 10), st.just(math.nan)), min_size=1, max_size=25)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=20))
def test_slope_is_theils(values):
    assert slope(values) == pytest.approx(theilslopes(values).slope, abs=1e-9)


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(4, 30))
def test_a_straight_line_has_no_noise(start, step, epochs):
    assert noise(start + step * np.arange(epochs)) == pytest.approx(0, abs=1e-6)


def test_noise_about_a_trend_is_found():
    random = np.random.default_rng(0)
    found = noise(0.3 * np.arange(4000) + random.normal(0, 0.7, 4000))
    assert found == pytest.approx(0.7, rel=0.05)


def test_standard_errors_are_those_of_simulated_samples():
    random = np.random.default_rng(1)
    positives, negatives = random.exponential(3, (4000, 40)), random.exponential(1, (4000, 60))
    areas = (positives[:, :, None] > negatives[:, None, :]).mean(axis=(1, 2))  # Hanley and McNeil assume exponentials
    assert auroc_error(float(areas.mean()), 40, 60) == pytest.approx(areas.std(), rel=0.05)
    shares = random.binomial(50, 0.8, 4000) / 50
    assert share_error(0.8, 50) == pytest.approx(shares.std(), rel=0.05)
    drops = random.binomial(50, 0.8, 20000) / 50 - random.binomial(50, 0.8, 20000) / 50
    assert (drops > explained_drop(share_error(0.8, 50))).mean() == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize(
    "value", [share_error(0.5, 0), auroc_error(0.5, 0, 3), guessing_loss([5]), slope([1.0]), noise([1, 2])]
)
def test_too_little_to_judge_is_nan(value):
    assert math.isnan(value)


def test_guessing_costs_the_entropy_of_the_shares_unless_they_are_balanced():
    shares = np.array([0.2, 0.3, 0.5])
    assert guessing_loss([20, 30, 50]) == pytest.approx(-(shares * np.log(shares)).sum())
    assert guessing_loss([20, 30, 50], balanced=True) == pytest.approx(math.log(3))


@settings(deadline=None)
@given(LOSSES, st.integers(0, 4), st.sampled_from([0.0, 0.5]), st.integers(0, 3))
def test_replay_stops_and_keeps_as_the_loop_does(values, patience, min_delta, from_epoch):
    recipe = Recipe(name="x").changed(
        [f"train.stop.{name}={value}" for name, value in
         (("patience", patience), ("min_delta", min_delta), ("from_epoch", from_epoch))]
    )  # fmt: skip
    progress = Progress()
    for value in values:
        progress = advance(progress, {"val_loss": value}, recipe)
        if patience and progress.waited >= patience:
            break
    found = replay(values, patience, min_delta=min_delta, from_epoch=from_epoch)
    assert found.epochs == progress.epoch
    if progress.best is not None:
        assert (found.kept, found.value) == (progress.best_epoch, progress.best)
    else:
        assert found.kept == 0


@given(LOSSES)
def test_a_patience_of_the_longest_wait_keeps_the_best_epoch(values):
    full = replay(values, 0)
    if full.kept and math.isfinite(values[0]):
        assert replay(values, max(1, longest_wait(values))).kept == full.kept


@given(LOSSES)
def test_smoothing_keeps_within_the_neighbours(values):
    course = smoothed(values)
    for place, height in enumerate(course):
        near = [value for value in values[max(place - 1, 0) : place + 2] if math.isfinite(value)]
        assert (min(near) <= height <= max(near)) if near else math.isnan(height)


def test_columns_of_anything_are_read():
    curves = Curves.of({"loss": ["0.5", None, "x", 2], "empty": [None] * 4})
    np.testing.assert_array_equal(curves["loss"], [0.5, np.nan, np.nan, 2])
    assert (curves.has("loss"), curves.has("empty"), curves.has("none"), len(curves["none"])) == (True, False, False, 4)
