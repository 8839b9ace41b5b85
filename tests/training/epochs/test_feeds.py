"""Tests of the ways in which training images reach the device: all train the same network."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.errors import DeviceError, TrainingError
from chestnut.models.build import build_recipe
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.epochs.choice import FEED, open_epochs
from chestnut.training.epochs.fed import FedEpochs
from chestnut.training.epochs.on_device import plan_pieces
from chestnut.training.learner import Learner
from chestnut.training.loop import Validation, fit
from training.epochs.feeds import RECIPE, Counter, images

#: Lets JAX compile quickly, and the same program only once.
QUICK_JAX = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_way_of_feeding_trains_the_same_network(tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    words = [sys.executable, "-m", "training.epochs.feeds", tmp_path]
    tests = str(Path(__file__).parents[2])
    chosen = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": tests} | QUICK_JAX
    chosen["JAX_COMPILATION_CACHE_DIR"] = str(tmp_path / "compiled")
    answer = subprocess.run(words, env=chosen, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    weights, metrics, batches = found["ways"]["host"]
    assert batches == [1, 2, 3, 4, 5, 6] * 2
    for way in ("device", "pieces"):
        ours, told, seen = found["ways"][way]
        assert seen == batches
        np.testing.assert_allclose(ours, weights, atol=2e-5)
        for mine, theirs in zip(told, metrics, strict=True):
            assert mine == pytest.approx(theirs, abs=1e-5)
    assert found["different"] == 0
    assert found["features"] == [True, True, True]


@given(st.integers(1, 200), st.integers(1, 40), st.integers(1, 9))
def test_pieces_hold_every_image_once_and_in_order(count, size, most):
    order = np.arange(count)[::-1]
    pieces = plan_pieces(count, size, most)
    assert np.concatenate([piece.rows(order, size).ravel() for piece in pieces]).tolist() == order.tolist()
    assert [piece.first for piece in pieces] == np.cumsum([0, *(piece.steps for piece in pieces)])[:-1].tolist()
    assert all(piece.steps <= piece.room <= most for piece in pieces)
    assert len({(piece.batch, piece.room) for piece in pieces}) <= 2


def test_a_processor_is_fed_by_the_host(monkeypatch):
    monkeypatch.delenv(FEED, raising=False)
    assert isinstance(open_epochs(learner(RECIPE), Batches(*images(9, 0), RECIPE, 2)), FedEpochs)


def test_another_way_of_feeding_is_refused_with_the_allowed_ones(monkeypatch):
    monkeypatch.setenv(FEED, "gpu")
    with pytest.raises(DeviceError, match="CHESTNUT_FEED=gpu; give auto, host, pieces or device"):
        open_epochs(learner(RECIPE), Batches(*images(9, 0), RECIPE, 2))


@pytest.mark.slow
def test_a_loss_that_is_not_finite_is_told_with_its_batch_on_the_device_too(tmp_path, monkeypatch):
    monkeypatch.setenv(FEED, "device")
    wild = RECIPE.changed(
        ["optim.name=sgd", "optim.learning_rate=1e30", "optim.schedule.warmup=0", "optim.clip_norm=0"]
    )
    counter = Counter()
    with pytest.raises(TrainingError, match=r"epoch 1, batch \d of 6, at learning rate 1e\+30"):
        fit(
            learner(wild), Batches(*images(45, 0), wild, 2), Validation(*images(9, 1)), Checkpoint(tmp_path), (counter,)
        )
    assert len(counter.batches) < 6


def learner(recipe):
    return Learner(build_recipe(recipe, 2), recipe, "float32")
