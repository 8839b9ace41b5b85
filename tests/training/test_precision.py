"""Tests of the arithmetic chosen for a device, and of float16 training with a scaled loss that a resume restores."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from chestnut.config import Recipe
from chestnut.models.build import build_recipe
from chestnut.models.device import policy, repeatable
from chestnut.training import precision
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.inputs import Images
from chestnut.training.learner import Learner
from chestnut.training.loop import Validation, fit

RECIPE = Recipe(name="tiny").changed(
    [
        *("input.height=16", "input.width=16", "model.filters=[4]", "model.dense=[8]", "model.dropout=0.0"),
        *("train.batch_size=6", "train.precision=float16", "train.epochs=2", "optim.schedule.warmup=1.0"),
    ]
)


@pytest.mark.parametrize(
    ("names", "capability", "expected"),
    [
        (["gpu:0"], (9, 0), "bfloat16"),
        (["gpu:0", "gpu:1"], (8, 0), "bfloat16"),
        (["Tesla T4"], (7, 5), "float16"),
        (["gpu:0"], (6, 1), "float32"),
        (["gpu:0"], None, "float32"),
        (["tpu:0"], None, "bfloat16"),
    ],
)
def test_an_accelerator_gets_the_arithmetic_it_is_built_for(monkeypatch, names, capability, expected):
    monkeypatch.setattr(precision, "accelerators", lambda: names)
    monkeypatch.setattr(precision, "compute_capability", lambda: capability)
    monkeypatch.setattr(precision, "_recall_or_try", lambda *_: pytest.fail("tried"))
    assert precision.resolve(Recipe(name="x"), 2).train.precision == expected


def test_hosts_that_train_together_make_no_trial(monkeypatch):
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "_recall_or_try", lambda *_: pytest.fail("tried"))
    assert precision.resolve(Recipe(name="x"), 2, alone=False).train.precision == "float32"


def trained(folder, epochs):
    """Train to an epoch from wherever the folder stands; gives the learner and the history."""
    recipe = RECIPE.changed([f"train.epochs={epochs}"])
    repeatable(0)
    learner = Learner(build_recipe(recipe, 2, policy("float16")), recipe, policy("float16"))
    learner.optimizer.initial_scale = 2.0**26  # so high that the first gradients are infinite
    targets = np.arange(24) % 2
    pixels = np.random.default_rng(0).integers(0, 120, (24, 16, 16), dtype=np.uint8)
    pixels[targets == 1, :8, :8] += 100
    images = Images(pixels, recipe.input)
    ended = fit(learner, Batches(images, targets, recipe, 2), Validation(images, targets), Checkpoint(folder))
    return learner, ended


@pytest.mark.slow
def test_float16_skips_infinite_gradients_and_resumes_to_the_same_bits(tmp_path):
    learner, whole = trained(tmp_path / "whole", 2)
    scale = float(learner.optimizer.dynamic_scale.numpy())
    assert 1 < scale < 2.0**26
    assert float(learner.optimizer.learning_rate.numpy()) == pytest.approx(RECIPE.optim.learning_rate)
    assert all(np.isfinite(array).all() for array in whole.weights)
    trained(tmp_path / "parts", 1)
    learner, parts = trained(tmp_path / "parts", 2)
    assert float(learner.optimizer.dynamic_scale.numpy()) == scale
    for ours, theirs in zip(parts.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_runs_that_start_at_the_same_time_choose_alike(tmp_path, monkeypatch):
    answers = iter(["bfloat16", "float32"])

    def slow(*_):
        answer = next(answers)
        time.sleep(0.2)
        return answer

    monkeypatch.setattr(precision, "accelerators", list)
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "_find_faster", slow)
    memory = tmp_path / "precision.json"
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: precision.resolve(Recipe(name="mine"), 2, memory), range(2)))
    assert [recipe.train.precision for recipe in found] == ["bfloat16"] * 2
