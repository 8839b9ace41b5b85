"""Networks in ONNX form: the same logits and features for any number of images, by a network of each kind of layers."""

import keras
import numpy as np
import pytest
from keras import layers

from chestnut.config import InputSpec, load_recipe
from chestnut.errors import BundleError
from chestnut.export.conversion import convert
from chestnut.inference.engines.engine import Images
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.engines.onnx_engine import ACTIVATION, FEATURES, LOGITS, OnnxEngine
from chestnut.models.build import build_recipe
from chestnut.onnx_session import open_session
from slim_backbones import use_slim

SMALL = ("input.height=80", "input.width=75")
#: One network of each kind of layers, two of them with few layers: those left out are made of the same layers.
FAST = ("cnn-small", "hog-logistic")
SLOW = ("mobilenet-v2", "densenet121", "convnext-tiny")
NAMES = [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


def noise(count, spec):
    return np.random.default_rng(0).integers(0, 256, (count, spec.height, spec.width), dtype=np.uint8)


def exported(network, spec, path):
    convert("onnx", network, spec, path)
    return OnnxEngine(open_session(path.read_bytes(), threads=2), spec)


def same(images):
    return Images(images, lambda batch: batch)


@pytest.mark.parametrize("name", NAMES)
def test_logits_and_features_are_those_of_keras(name, tmp_path, monkeypatch):
    use_slim(monkeypatch, "densenet121", "convnext-tiny")
    recipe = load_recipe(name, SMALL)
    network = build_recipe(recipe, 2)
    keras_engine = KerasEngine(network, recipe.input)
    engine = exported(network, recipe.input, tmp_path / "model.onnx")
    images = noise(8, recipe.input)
    features, logits = keras_engine.compute_both(same(images), None)
    for count in (1, 3, 8):
        found = engine.compute_both(same(images[:count]), None)
        for got, wanted in zip(found, (features, logits), strict=True):
            scale = max(1, np.abs(wanted).max())
            np.testing.assert_allclose(got / scale, wanted[:count] / scale, atol=2e-5)


def gap_network(*last):
    image = keras.Input((24, 20, 1))
    x = layers.Conv2D(4, 3, strides=2, activation="relu")(layers.Rescaling(1 / 255)(image))
    x = layers.GlobalAveragePooling2D()(x)
    for layer in (*last, layers.Dense(3, bias_initializer="normal")):
        x = layer(x)
    return keras.Model(image, x)


def test_class_activation_maps_add_up_to_the_logits(tmp_path):
    network, spec = gap_network(layers.Dropout(0.5)), InputSpec(height=24, width=20)
    engine = exported(network, spec, tmp_path / "model.onnx")
    logits, maps = engine.run(noise(5, spec), [LOGITS, ACTIVATION])
    assert engine.has_activation
    assert maps.shape == (5, 3, 11, 9)
    bias = np.asarray(network.layers[-1].bias)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)) + bias, logits, atol=1e-5)


def test_a_hidden_layer_after_the_averages_leaves_no_activation(tmp_path):
    engine = exported(gap_network(layers.Dense(5)), InputSpec(height=24, width=20), tmp_path / "model.onnx")
    assert not engine.has_activation
    assert {one.name for one in engine.session.get_outputs()} == {LOGITS, FEATURES}


def test_random_layers_do_nothing_in_the_file(tmp_path):
    image = keras.Input((24, 20, 1))
    random = layers.RandomRotation(0.5)(layers.GaussianNoise(1.0)(image))
    network, spec = keras.Model(image, layers.Dense(2)(layers.Flatten()(random))), InputSpec(height=24, width=20)
    engine = exported(network, spec, tmp_path / "model.onnx")
    images = noise(4, spec)
    first, again = (engine.compute_logits(same(images), None) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, KerasEngine(network, spec).compute_logits(same(images), None), atol=1e-3)


@pytest.mark.slow
def test_a_network_is_written_as_the_same_bytes_again(tmp_path):
    network, spec = gap_network(layers.Dropout(0.5)), InputSpec(height=24, width=20)
    for name in ("first", "again"):
        convert("onnx", network, spec, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("groups", [2, 6])
def test_layers_that_converters_do_not_know_are_written_by_others(groups, tmp_path):
    image = keras.Input((24, 20, 1))
    x = layers.Conv2D(6, 3, activation="gelu")(layers.Rescaling(1 / 255)(image))
    x = layers.Conv2D(12, 3, strides=2, padding="same", groups=groups, bias_initializer="normal")(x)
    network, spec = keras.Model(image, layers.Dense(2)(layers.Flatten()(x))), InputSpec(height=24, width=20)
    images = noise(3, spec)
    wanted = KerasEngine(network, spec).compute_logits(same(images), None)
    engine = exported(network, spec, tmp_path / "model.onnx")
    np.testing.assert_allclose(engine.compute_logits(same(images), None), wanted, atol=1e-5)
    np.testing.assert_array_equal(KerasEngine(network, spec).compute_logits(same(images), None), wanted)


def test_channels_are_repeated_in_the_file(tmp_path):
    image = keras.Input((24, 20, 3))
    network = keras.Model(image, layers.Dense(2)(layers.Flatten()(image)))
    spec = InputSpec(height=24, width=20, channels=3)
    images = noise(2, spec)
    engine = exported(network, spec, tmp_path / "model.onnx")
    wanted = network.predict(np.repeat(images[..., None], 3, axis=-1).astype(np.float32), verbose=0)
    np.testing.assert_allclose(engine.compute_logits(same(images), None), wanted, rtol=1e-4, atol=1e-3)


def test_what_cannot_be_converted_is_said(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise ValueError("an operator\nis missing")

    monkeypatch.setattr(keras.Model, "export", fail)
    with pytest.raises(BundleError, match=r"as ONNX by keras .*, tf2onnx .* \(an operator is missing\)"):
        convert("onnx", gap_network(), InputSpec(height=24, width=20), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
