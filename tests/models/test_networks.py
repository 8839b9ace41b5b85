"""Every registered network through one harness: shapes, parameter count, save and load, one fit step.

Classical networks take no step; `tests/training/test_classical.py` fits them.
"""

import keras
import numpy as np
import pytest
from keras import layers

from chestnut.config import ClassicalConfig, CnnConfig, InputSpec, load_recipe, recipe_names, recipe_parameters
from chestnut.errors import RecipeError
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.engines.keras_engine import load_network
from chestnut.models import registry
from chestnut.models.backbones import BACKBONES
from chestnut.models.build import build, build_recipe
from chestnut.models.heads import start_at_prior
from chestnut.training.batches import encode
from chestnut.training.learner import Learner
from chestnut.training.starting_network import assemble
from slim_backbones import SLIM, use_slim

#: Parameters at each recipe's own input size with two classes; those of the first five are published figures.
PARAMETERS = {
    "mlp": 4_147_586,
    "cnn-small": 3_300_482,
    "cnn-gap": 117_505,
    "cnn-wide": 64 * 10 + 128 * (64 * 9 + 1) + 256 * (128 * 9 + 1) + 128 * (20 * 20 * 256 + 1) + 2 * 129,
    "cnn-l2": 32 * 10 + 64 * (32 * 9 + 1) + 128 * (64 * 9 + 1) + 256 * (21 * 21 * 128 + 1) + 257,
    "cnn-tuned": 32 * 10 + 176 * (32 * 25 + 1) + 176 * (176 * 25 + 1) + 96 * (19 * 19 * 176 + 1) + 2 * 97,
    "cnn-basic": 32 * 10 + 64 * (89 * 89 * 32 + 1) + 2 * 65,
}
#: keras.io's counts of the backbones without their classifiers; two convolve one channel for three equal ones.
BACKBONE_PARAMETERS = {
    "mobilenet-v2": (2_257_984 - 2 * 9 * 32, 1280),
    "densenet121": (7_037_504, 1024),
    "vgg16": (14_714_688, 512),
    "inception-v3": (21_802_784 - 2 * 9 * 32, 2048),
    "resnet50": (23_587_712, 2048),
    "efficientnet-v2-b0": (5_919_312, 1280),
    "convnext-tiny": (27_820_128, 768),
}
PARAMETERS |= {
    name: count + 256 * (features + 1) + 128 * 257 + 2 * 129 for name, (count, features) in BACKBONE_PARAMETERS.items()
}
#: Components, similarity to one support vector, logits; the fixed layers of the histograms, and 7·7 blocks of 2·2·9.
PARAMETERS |= {
    "pca-svm": 64 * 64 * 100 + 100 + (100 + 1) + 100 + 2 * 2,
    "hog-logistic": 3 + 3 + 2 * 9 + 16 * 16 * 9 + 2 * (7 * 7 * 36 + 1),
}
SMALL = ("input.height=80", "input.width=75")

#: The large backbones and long augmentation take minutes together.
SLOW = {*BACKBONES, "cnn-search", "robust", "robust-mobilenet"} - {"vgg16"}
NAMES = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in recipe_names()]

#: One of each kind; to train and save all takes a minute.
QUICK = ("cnn-small", "cnn-gap", "hog-logistic")
TRAINED = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in recipe_names()]


@pytest.mark.parametrize("name", NAMES)
def test_parameter_counts(name):
    count = build_recipe(load_recipe(name), 2).count_params()
    assert count == recipe_parameters(name)
    assert count == PARAMETERS.get(name, count)


@pytest.mark.parametrize("name", TRAINED)
def test_a_network_fits_a_step_and_survives_saving(name, tmp_path, monkeypatch):
    use_slim(monkeypatch, *SLIM)
    recipe = load_recipe(name, SMALL)
    start = assemble(recipe.changed(["train.precision=float32"]), 2)
    network = start.network
    learner = Learner(start.parts.trained, recipe, "float32", frozen=start.parts.frozen)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (4, 80, 75, 1), dtype=np.uint8)
    targets = encode(np.array([0, 1, 0, 1]), 2, recipe.model.head)
    if not isinstance(recipe.model, ClassicalConfig):
        before = network.get_weights()
        loss = learner.train_on_batch(images, targets)[0]
        assert np.isfinite(loss)
        assert any(not np.array_equal(old, new) for old, new in zip(before, network.get_weights(), strict=True))
    network.save(tmp_path / "model.keras")
    again = load_network(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict_on_batch(images), network.predict_on_batch(images))
    assert network.predict_on_batch(images).shape == (4, 1 if recipe.model.head == "sigmoid" else 2)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_logits_are_float32_under_any_policy(policy):
    network = build_recipe(load_recipe("cnn-small", SMALL), 3, policy)
    assert network.predict_on_batch(np.zeros((1, 80, 75, 1), np.uint8)).dtype == np.float32


def test_relu_after_pooling_is_exactly_relu_before_it():
    config = CnnConfig(filters=(8,), dense=())
    ours = build(config, InputSpec(height=33, width=30), 2)
    image = keras.Input((33, 30, 1))
    x = layers.MaxPooling2D()(layers.Conv2D(8, 3, activation="relu")(layers.Rescaling(1 / 255)(image)))
    plain = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
    plain.set_weights(ours.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (3, 33, 30, 1)).astype("float32")
    np.testing.assert_array_equal(ours.predict_on_batch(pixels), plain.predict_on_batch(pixels))


def test_every_field_of_a_cnn_reaches_the_network():
    shape = {"filters": (4, 6), "kernels": (5, 3), "depth": 2, "dense": (7, 5)}
    config = CnnConfig(**shape, dropout=(0.0, 0.5), batch_norm=True, l1=1e-3, l2=(0.0, 1e-2))
    network = build(config, InputSpec(height=64, width=64), 2)
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert [(layer.filters, layer.kernel_size[0]) for layer in convolutions] == [(4, 5), (4, 5), (6, 3), (6, 3)]
    assert sum(isinstance(layer, layers.BatchNormalization) for layer in network.layers) == 4
    assert [layer.rate for layer in network.layers if isinstance(layer, layers.Dropout)] == [0.5]
    assert [float(layer.kernel_regularizer.l2) for layer in convolutions] == pytest.approx([0, 0, 0.01, 0.01])
    assert [layer.units for layer in network.layers if isinstance(layer, layers.Dense)] == [7, 5, 2]


@pytest.mark.parametrize(("head", "classes"), [("softmax", 3), ("softmax", 2), ("sigmoid", 2)])
def test_an_untrained_network_predicts_the_class_shares(head, classes):
    shares = np.array([0.7, 0.2, 0.1])[:classes] / np.array([0.7, 0.2, 0.1])[:classes].sum()
    network = build(CnnConfig(head=head), InputSpec(height=48, width=48), classes)
    start_at_prior(network, shares)
    blank = network.predict_on_batch(np.zeros((1, 48, 48, 1), np.uint8))
    np.testing.assert_allclose(probabilities(blank)[0], shares, rtol=1e-5)


def test_a_sigmoid_head_for_three_classes_is_refused():
    with pytest.raises(RecipeError, match="sigmoid, which is for two classes, but there are 3; use softmax"):
        build(CnnConfig(head="sigmoid"), InputSpec(), 3)


def test_an_input_too_small_for_the_blocks_is_refused():
    with pytest.raises(RecipeError, match=r"16×16 is too small for 3 blocks; raise input.height"):
        build(CnnConfig(kernels=7), InputSpec(height=16, width=16), 2)


def test_a_name_is_registered_once():
    assert registry.names() == sorted(["cnn", "mlp", "pca-svm", "hog-logistic", "keras-hub", *BACKBONES])
    with pytest.raises(RecipeError, match="'cnn' is already registered"):
        registry.register("cnn")(lambda config, image, policy: image)
