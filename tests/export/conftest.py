"""A small run with a network that was never trained, and its images; made in less than a second."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from chestnut.config import load_recipe
from chestnut.data.cache.cache import decode_all
from chestnut.data.manifest import Manifest
from chestnut.inference.run_bundle import write_run_bundle
from chestnut.runs.folder import RunFolder
from chestnut.runs.record import RunRecord

SHAPE = (24, 20, 1)


def small_network(seed=0, outputs=1):
    """A network with layers that draw random numbers in training."""
    keras.utils.set_random_seed(seed)
    image = keras.Input(SHAPE)
    x = layers.Conv2D(6, 3, strides=2, activation="relu")(layers.Rescaling(1 / 255)(image))
    x = layers.Dropout(0.9)(layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x)))
    network = keras.Model(image, layers.Dense(outputs)(x))
    kernel, bias = network.layers[-1].get_weights()
    network.layers[-1].set_weights([9 * kernel, bias])  # probabilities far from 0.5
    return network


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Sixty patients' images of noise: a third for validation, and the rest for training."""
    folder = tmp_path_factory.mktemp("noise")
    random = np.random.default_rng(0)
    rows = []
    for number in range(60):
        label = ("NORMAL", "PNEUMONIA")[number % 2]
        grey = random.integers(40 * (number % 2), 200, SHAPE[:2], dtype=np.uint8)
        Image.fromarray(grey).save(folder / f"{number}.png")
        path, split = str(folder / f"{number}.png"), ("val", "train", "train")[number // 2 % 3]
        rows.append({"path": path, "label": label, "patient": f"p{number}", "split": split})
    return Manifest.build(rows, str(folder))


@pytest.fixture
def make_run(images, tmp_path):
    """Return a function that makes a run of a network."""

    def make(network, name="one"):
        changes = (f"input.height={SHAPE[0]}", f"input.width={SHAPE[1]}")
        recipe = load_recipe("cnn-small", changes)
        seen = decode_all(images, recipe.input).manifest
        facts = seen.facts() | {"skipped": []}
        with RunFolder.create(tmp_path / name, recipe, RunRecord(status="finished"), facts) as draft:
            draft.write(draft.manifest_file, seen.to_csv(draft.path))
            write_run_bundle(draft, network, recipe, seen)
        return RunFolder.open(tmp_path / name)

    return make
