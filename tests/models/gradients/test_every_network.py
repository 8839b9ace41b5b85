"""Maps by gradients of every registered network, and on every backend."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from chestnut.config import load_recipe, recipe_names
from chestnut.models.build import build_recipe
from chestnut.models.gradients.probe import Probe
from slim_backbones import SLIM, use_slim

pytestmark = pytest.mark.slow

WITHOUT_MAPS = {"mlp", "hog-logistic", "pca-svm"}

#: One recipe of each network; the others differ in sizes and in training alone.
ALIKE = ("cnn-basic", "cnn-l2", "cnn-search", "cnn-tuned", "cnn-wide", "robust", "robust-mobilenet")
CHOSEN = [name for name in recipe_names() if name not in ALIKE]

COMPUTE = """
import sys
import keras, numpy as np
from chestnut.models.gradients.probe import Probe
network, image, result = sys.argv[1:]
images = np.load(image)
weights = np.tile(np.float32([-1, 1]), (len(images), 1))
probe = Probe(keras.saving.load_model(network, compile=False))
logits, (layer,) = probe.differentiate_maps(images, weights)
np.savez(result, logits=logits, maps=layer.maps, gradients=layer.gradients,
         pixels=probe.differentiate_image(images, weights)[1])
"""


@pytest.mark.parametrize("name", CHOSEN)
def test_every_network_has_maps_from_which_its_logits_follow(name, monkeypatch):
    use_slim(monkeypatch, *SLIM)
    side = "75" if name == "inception-v3" else "64"
    small = [f"input.height={side}", f"input.width={side}"]
    weights = ["model.weights=none"] if "weights" in type(load_recipe(name).model).model_fields else []
    network = build_recipe(load_recipe(name, [*small, *weights]), 2)
    probe = Probe(network)
    assert bool(probe.names) == (name not in WITHOUT_MAPS)
    images = np.random.default_rng(0).uniform(0, 255, (2, *network.input_shape[1:])).astype(np.float32)
    directions = np.ones((2, 1), np.float32) if network.output_shape[-1] == 1 else np.tile(np.float32([-1, 1]), (2, 1))
    logits, layers = probe.differentiate_maps(images, directions)
    np.testing.assert_allclose(logits, network.predict_on_batch(images), rtol=1e-4, atol=1e-4)
    for layer in layers:
        assert layer.maps.shape == layer.gradients.shape and layer.maps.shape[1] > 1
        assert np.isfinite(layer.gradients).all() and np.abs(layer.gradients).max() > 0


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    small = ["input.height=32", "input.width=32", "model.filters=[4,8]", "model.dense=[6]"]
    network = build_recipe(load_recipe("cnn-small", small), 2)
    for layer in network.layers:  # the weights of the logits are 0 at first
        layer.set_weights([np.random.default_rng(1).normal(0, 0.3, one.shape) for one in layer.get_weights()])
    images = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 1)).astype(np.float32)
    network.save(tmp_path / "network.keras")
    np.save(tmp_path / "images.npy", images)
    words = [
        sys.executable,
        "-c",
        COMPUTE,
        *(str(tmp_path / name) for name in ("network.keras", "images.npy", "r.npz")),
    ]
    subprocess.run(words, env=os.environ | {"KERAS_BACKEND": backend}, check=True, capture_output=True)
    weights, probe = np.tile(np.float32([-1, 1]), (3, 1)), Probe(network)
    logits, (layer,) = probe.differentiate_maps(images, weights)
    own = {"logits": logits, "maps": layer.maps, "gradients": layer.gradients}
    own["pixels"] = probe.differentiate_image(images, weights)[1]
    assert keras.backend.backend() != backend
    with np.load(tmp_path / "r.npz") as other:
        for name, values in own.items():
            assert np.abs(values).max() > 0
            np.testing.assert_allclose(other[name], values, atol=1e-4 * np.abs(values).max(), err_msg=name)
