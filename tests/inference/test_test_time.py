"""Test-time augmentation: the mean of a network's logits over versions of an image."""

import json

import keras
import numpy as np
import pytest
from scipy import ndimage

from chestnut.config import InputSpec
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.test_time import variants


@pytest.fixture
def images():
    random = np.random.default_rng(0)
    return ndimage.gaussian_filter(random.uniform(0, 255, (5, 40, 60)), (0, 2, 2)).astype(np.uint8)


@pytest.fixture
def network():
    image = keras.Input((40, 60, 1))
    pooled = keras.layers.AveragePooling2D((40, 20))(image)
    return keras.Model(image, keras.layers.Flatten()(pooled))


def thirds(images):
    return np.stack([part.mean(axis=(1, 2)) for part in np.split(images.astype(float), 3, axis=2)], axis=1)


def enlarged(images):
    """The middle nine tenths, by SciPy."""
    places = [2 + (np.arange(40) + 0.5) * 0.9 - 0.5, 3 + (np.arange(60) + 0.5) * 0.9 - 0.5]
    grid = np.meshgrid(*places, indexing="ij")
    return np.stack([ndimage.map_coordinates(image.astype(float), grid, order=1) for image in images])


@pytest.mark.parametrize(
    ("rule", "versions"),
    [
        ("none", [lambda images: images]),
        ("flip", [lambda images: images, lambda images: images[:, :, ::-1]]),
        ("zoom", [lambda images: images, enlarged]),
        ("both", [lambda images: images, lambda images: images[:, :, ::-1], enlarged]),
    ],
)
def test_logits_are_the_mean_over_the_versions(rule, versions, images, network):
    engine = KerasEngine(network, InputSpec(height=40, width=60, variants=rule))
    expected = np.mean([thirds(version(images)) for version in versions], axis=0)
    np.testing.assert_allclose(engine.logits(images), expected, atol=0.3)


def test_a_symmetric_image_is_its_own_mirror_image(images):
    mirrored = np.concatenate([images, images[:, :, ::-1]], axis=2)
    plain, flipped = variants("flip")
    np.testing.assert_array_equal(plain(mirrored), flipped(mirrored))


def test_the_rule_travels_in_the_bundle(tmp_path):
    spec = InputSpec(variants="both")
    bundle = Bundle(tmp_path, "r", ("A", "B"), "B", spec, 1.0, 0.5, False, "0")
    assert InputSpec.model_validate(json.loads(json.dumps(bundle.to_dict()))["input"]) == spec
