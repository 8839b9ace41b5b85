"""The features of a network: they stand before the same logits, whatever the network is."""

import keras
import numpy as np
import pytest

from chestnut.config import InputSpec, load_recipe
from chestnut.models.build import build
from chestnut.models.ensemble import join
from chestnut.models.features import with_features

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1)).astype(np.float32)
CNN = ("model.filters=[4,6]", "model.dense=[5]")

#: Settings of each kind of network, and how many features it has: those of the last layer, and the last maps' means.
KINDS = {
    "cnn-small": (CNN, 5 + 6),
    "cnn-gap": (("model.filters=[4,6]", "model.dense=[]"), 6 + 6),
    "mlp": (("model.dense=[7]", "model.dropout=0.5"), 7),
    "hog-logistic": ((), 3 * 3 * 36 + 36),
    "pca-svm": (("model.components=9",), 9),
}


def network(name, channels=1):
    recipe = load_recipe(name, [*KINDS[name][0], "input.height=32", "input.width=32"])
    keras.utils.set_random_seed(0)
    return build(recipe.model, InputSpec(height=32, width=32, channels=channels), 2)


@pytest.mark.parametrize("name", KINDS)
def test_features_stand_before_the_logits_of_the_network(name):
    made = network(name)
    found = np.asarray(with_features(made)(PIXELS, training=False))
    logits = np.asarray(made(PIXELS, training=False))
    np.testing.assert_array_equal(found[:, -logits.shape[1] :], logits)
    assert found.shape == (3, KINDS[name][1] + logits.shape[1]) and found.dtype == np.float32
    last = made.layers[-1]
    if name != "pca-svm":
        width = last.kernel.shape[0]
        np.testing.assert_allclose(found[:, :width] @ np.asarray(last.kernel) + last.bias, logits, atol=1e-4)


def test_an_ensemble_has_the_features_of_its_members_even_where_one_is_an_ensemble():
    spec = InputSpec(height=32, width=32)
    inner = join([network("cnn-small"), network("cnn-gap")], [1.0, 2.0], spec)
    outer = join([inner, network("cnn-small", channels=3)], [1.0, 1.5], spec)
    found = np.asarray(with_features(outer)(PIXELS, training=False))
    np.testing.assert_allclose(found[:, -2:], np.asarray(outer(PIXELS, training=False)), atol=1e-6)
    assert found.shape[1] == 11 + 12 + 11 + 2
    alone = np.asarray(with_features(network("cnn-small"))(PIXELS, training=False))
    np.testing.assert_allclose(found[:, :11], alone[:, :11], atol=1e-5)


def test_a_block_of_layers_is_no_member_of_an_ensemble():
    image = keras.Input((32, 32, 1))
    half = keras.layers.AveragePooling2D(2)(image)
    block = keras.Sequential([keras.layers.Conv2D(4, 3, strides=2), keras.layers.BatchNormalization()], name="stem")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3)(block(half)))
    made = with_features(keras.Model(image, keras.layers.Dense(2)(keras.layers.Dense(7)(pooled))))
    assert made(PIXELS).shape == (3, 7 + 5 + 2)


def test_of_many_last_features_some_are_taken():
    image = keras.Input((100, 50, 1))
    flat = keras.layers.Flatten()(image)
    made = with_features(keras.Model(image, keras.layers.Dense(2)(flat)))
    assert made.output_shape == (None, 2500 + 2)
