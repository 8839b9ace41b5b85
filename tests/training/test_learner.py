"""Tests of losses against their formulas, of optimisers with their settings, and of the choice of precision."""

import numpy as np
import pytest

from chestnut.config import LossConfig, OptimConfig, Recipe
from chestnut.training import precision
from chestnut.training.batches import Batches, encode
from chestnut.training.inputs import Images
from chestnut.training.learner import loss, optimizer

LOGITS = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, -3.0]], dtype=np.float32)
TARGETS = np.array([2, 0])


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_of_softmax(smoothing):
    truth = encode(TARGETS, 3, "softmax") * (1 - smoothing) + smoothing / 3
    expected = -(truth * log_softmax(LOGITS)).sum(axis=1).mean()
    ours = loss(LossConfig(label_smoothing=smoothing), "softmax")(encode(TARGETS, 3, "softmax"), LOGITS)
    assert float(ours) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_focal_loss_of_softmax(gamma):
    log_p = log_softmax(LOGITS)[np.arange(2), TARGETS]
    expected = (-((1 - np.exp(log_p)) ** gamma) * log_p).mean()
    ours = loss(LossConfig(name="focal", gamma=gamma), "softmax")(encode(TARGETS, 3, "softmax"), LOGITS)
    assert float(ours) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("name", "gamma"), [("cross-entropy", 0.0), ("focal", 2.0)])
def test_losses_of_sigmoid(name, gamma):
    logits, truth = np.array([[1.5], [-0.5]], dtype=np.float32), np.array([[1.0], [1.0]], dtype=np.float32)
    p = 1 / (1 + np.exp(-logits[:, 0]))
    expected = (-((1 - p) ** gamma) * np.log(p)).mean()
    ours = loss(LossConfig(name=name, gamma=gamma), "sigmoid")(truth, logits)
    assert float(ours) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop", "nadam", "lion"])
def test_every_optimiser_is_built_with_its_settings(name):
    made = optimizer(OptimConfig(name=name, learning_rate=3e-4, clip_norm=1.0, weight_decay=1e-2, momentum=0.5))
    assert made.__class__.__name__.lower() == name
    assert float(made.learning_rate) == pytest.approx(3e-4)
    assert (made.global_clipnorm, made.weight_decay) == (1.0, 1e-2)


def test_class_weights_belong_to_the_targets_of_their_batch():
    recipe = Recipe(name="x").changed(["data.balance=weights", "train.batch_size=3"])
    targets = np.array([0, 1, 1, 1])
    batches = Batches(Images(np.arange(4 * 16, dtype=np.uint8).reshape(4, 4, 4), recipe.input), targets, recipe, 2)
    assert len(batches) == 2
    for index in range(2):
        images, encoded, weights = batches[index]
        labels = encoded.argmax(axis=1)
        np.testing.assert_allclose(weights, np.array([2, 2 / 3])[labels], rtol=1e-6)
        np.testing.assert_array_equal(targets[images[:, 0, 0, 0] // 16], labels)


def test_precision_is_tried_once_and_kept(tmp_path, monkeypatch):
    recipe = Recipe(name="x").changed(["input.height=32", "input.width=32", "model.filters=[4]", "model.dense=[4]"])
    memory = tmp_path / "precision.json"
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda: True)
    first = precision.resolve(recipe, 2, memory).train.precision
    assert first in ("float32", "bfloat16")
    monkeypatch.setattr(precision, "_measure_cost", lambda *_: pytest.fail("tried again"))
    assert precision.resolve(recipe, 2, memory).train.precision == first
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda: False)
    assert precision.resolve(recipe, 2, None).train.precision == "float32"
    chosen = recipe.changed(["train.precision=float16"])
    assert precision.resolve(chosen, 2, memory) == chosen
