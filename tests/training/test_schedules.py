"""Tests of the learning rate over the epochs, against its formulas."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.config import ScheduleConfig
from chestnut.training.schedules import Plateau, rate_factor


def test_exponential_falls_tenfold_a_decade():
    config = ScheduleConfig(name="exponential", decade=7)
    assert [rate_factor(config, epoch, 100) for epoch in (0, 7, 14)] == pytest.approx([1, 0.1, 0.01])


def test_cosine_runs_from_one_to_its_final_share():
    config = ScheduleConfig(name="cosine", final=0.1)
    assert rate_factor(config, 0, 10) == pytest.approx(1)
    assert rate_factor(config, 5, 10) == pytest.approx(0.55)
    assert rate_factor(config, 10, 10) == pytest.approx(0.1)


@given(
    st.sampled_from(["constant", "exponential", "cosine"]),
    st.floats(0, 5),
    st.floats(0, 50),
    st.integers(6, 50),
)
def test_factor_stays_between_zero_and_one(name, warmup, epoch, epochs):
    factor = rate_factor(ScheduleConfig(name=name, warmup=warmup), epoch, epochs)
    assert 0 <= factor <= 1


def test_warmup_rises_linearly_and_then_leaves_the_schedule_alone():
    config = ScheduleConfig(name="constant", warmup=4)
    assert [rate_factor(config, epoch, 10) for epoch in (0, 1, 2, 4, 9)] == [0, 0.25, 0.5, 1, 1]


def test_plateau_cuts_after_its_patience_and_stops_at_the_floor():
    config = ScheduleConfig(name="plateau", factor=0.1, patience=2, floor=5e-4)
    state, factors = Plateau(), []
    for loss in (1.0, 0.5, 0.6, 0.7, 0.6, 0.6, 0.6, 0.6):
        state = state.after(loss, config, learning_rate=1e-2)
        factors.append(state.factor)
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.05, 0.05, 0.05])


def test_plateau_does_nothing_under_another_schedule():
    assert Plateau().after(math.inf, ScheduleConfig(name="cosine"), 1.0) == Plateau()
