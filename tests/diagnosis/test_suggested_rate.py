"""What follows from a range test, on curves whose answer is known, and its figure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.diagnosis.lr_range import RateRange, rising_rates
from chestnut.figures.lr_range import rate_range_figure


def valley(lowest, noise=0.0, seed=0):
    """A loss that is flat, falls to its lowest at a rate, and rises again."""
    rates = rising_rates(1e-6, 1.0, 200)
    course = 0.7 - 0.5 * np.exp(-(((np.log10(rates) - np.log10(lowest)) / 0.7) ** 2))
    return RateRange(rates, course + np.random.default_rng(seed).normal(0, noise, 200), False)


@pytest.mark.parametrize("lowest", [1e-4, 1e-3, 1e-2])
def test_the_suggested_rate_is_a_decade_below_the_lowest_loss_whatever_the_noise(lowest):
    suggested = [valley(lowest, 0.08, seed).suggested for seed in range(20)]
    assert np.median(suggested) == pytest.approx(lowest / 10, rel=0.15)
    assert max(suggested) < lowest / 3 and min(suggested) > lowest / 30
    assert valley(lowest).steepest < valley(lowest).lowest


def test_a_loss_that_never_falls_gives_no_rate():
    flat = RateRange(rising_rates(1e-6, 1, 50), np.full(50, 0.7), False)
    assert (flat.lowest, flat.steepest, flat.suggested, flat.open) == (None, None, None, False)
    assert "At no rate from 1e-06 to 1" in flat.summary


def test_a_loss_still_falling_at_the_end_is_told():
    open_ended = RateRange(rising_rates(1e-6, 1e-3, 60), np.linspace(0.7, 0.2, 60), False)
    assert open_ended.open and "try higher rates too" in open_ended.summary


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=60), st.booleans())
def test_any_losses_give_an_answer_and_a_figure_of_them(losses, diverged):
    found = RateRange(rising_rates(1e-5, 1, 60)[: len(losses)], np.array(losses), diverged)
    written = found.to_dict()
    assert len(written["rates"]) == len(written["losses"]) == len(written["smoothed"]) == len(losses)
    assert min(losses) - 1e-9 <= found.smoothed.min() and found.smoothed.max() <= max(losses) + 1e-9


@pytest.mark.parametrize("found", [valley(1e-3, 0.05), RateRange(np.array([1e-6]), np.array([0.7]), True)])
def test_the_figure_draws_what_was_found(found):
    drawn = rate_range_figure(found)
    entries = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert drawn.axes[0].get_xscale() == "log"
    assert (f"suggested: {found.suggested}" in entries) == (found.suggested is not None)
