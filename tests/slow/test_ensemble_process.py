"""The network of an ensemble loads in a process that does not import chestnut."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from chestnut.config import InputSpec, load_recipe
from chestnut.models.build import build
from chestnut.models.ensemble import join

LOAD = """
import sys, keras, numpy as np
network = keras.saving.load_model(sys.argv[1], compile=False, safe_mode=True)
np.save(sys.argv[3], network.predict(np.load(sys.argv[2]), verbose=0))
assert "chestnut" not in sys.modules
"""


@pytest.mark.slow
def test_a_saved_ensemble_loads_without_chestnut(tmp_path):
    spec = InputSpec(height=64, width=64)
    members = []
    for number, (recipe, settings) in enumerate(
        [
            ("cnn-small", ("model.head=sigmoid", "model.filters=[4]")),
            ("mobilenet-v2", ("model.weights=none",)),
            ("hog-logistic", ()),
            ("mlp", ("model.dense=[8]",)),
        ]
    ):
        keras.utils.set_random_seed(number)
        chosen = load_recipe(recipe, settings)
        channels = chosen.input.channels
        members.append(build(chosen.model, spec.model_copy(update={"channels": channels}), 2))
    network = join(members, [1.0, 0.5, 2.0, 1.5], spec)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 1)).astype(np.uint8)
    network.save(tmp_path / "model.keras")
    np.save(tmp_path / "pixels.npy", pixels)
    files = [str(tmp_path / name) for name in ("model.keras", "pixels.npy", "found.npy")]
    subprocess.run([sys.executable, "-c", LOAD, *files], check=True, cwd=tmp_path)
    np.testing.assert_allclose(np.load(files[2]), network.predict(pixels, verbose=0), atol=1e-5)
