"""Tests of the learning-rate range test on phantoms."""

import random

import keras
import numpy as np
import pytest

from chestnut.data.phantom.dataset import write
from chestnut.data.sources.load import load_dataset
from chestnut.errors import DataError, RecipeError
from chestnut.training.lr_range import Sweep, lr_range
from faults import TINY


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("range") / "images"
    write(folder, 24, size=32)
    return load_dataset(folder)


RECIPE = TINY.changed(["data.fractions=[0.6, 0.4, 0.0]"])


def state():
    """What other work in the process may depend on."""
    numbers = np.random.get_state()
    return random.getstate(), numbers[1].tolist(), keras.config.floatx(), keras.config.dtype_policy().name


def test_a_rising_rate_ends_where_the_loss_diverges_and_repeats_exactly(data):
    before = state()
    first, again = (lr_range(data, RECIPE, Sweep(1e-5, 1e3, 40)) for _ in range(2))
    assert state() == before
    np.testing.assert_array_equal(first.losses, again.losses)
    assert first.diverged and len(first.rates) == len(first.losses) < 40
    assert first.losses[0] == pytest.approx(0.69, abs=0.05)
    assert np.isfinite(first.losses).all()


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ((0, 1, 100), "rates from 0 to 1"),
        ((1e-2, 1e-3, 100), "give a low one"),
        ((1e-6, 1, 5), "5 batches are too few"),
    ],
)
def test_rates_that_do_not_rise_and_too_few_batches_are_refused(sweep, said):
    with pytest.raises(RecipeError, match=said):
        Sweep(*sweep)


def test_data_that_cannot_be_trained_on_are_refused(data):
    with pytest.raises(DataError, match="no train images of"):
        lr_range(data.take(np.flatnonzero(data.targets == 1)), RECIPE, Sweep())
