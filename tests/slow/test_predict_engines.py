"""Every engine of `predict` gives the same probabilities; `test_ray.py` has those of a cluster."""

from importlib.util import find_spec

import numpy as np
import pytest

import chestnut as cn
from chestnut.config import load_recipe
from chestnut.export.conversion import convert
from chestnut.inference.bundle import change_bundle, write_bundle
from chestnut.inference.parity import Parity
from chestnut.models.build import build_recipe

pytestmark = pytest.mark.slow

NEEDS_OPENVINO = pytest.mark.skipif(find_spec("openvino") is None, reason="needs pip install 'chestnut[openvino]'")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A network of convolutions that nobody has trained, in Keras and as ONNX."""
    folder, recipe = tmp_path_factory.mktemp("engines"), load_recipe("cnn-small", ["input.height=48", "input.width=40"])
    network = build_recipe(recipe, 2)
    facts = {"recipe": recipe.name, "classes": ("NORMAL", "PNEUMONIA"), "positive": "PNEUMONIA", "spec": recipe.input}
    write_bundle(folder / "bundle", network, temperature=0.02, threshold=0.5, synthetic=True, **facts)
    convert("onnx", network, recipe.input, folder / "model.onnx")
    parts = {"model.onnx": (folder / "model.onnx").read_bytes()}
    change_bundle(folder / "bundle", parts=parts, parity=Parity(64, 0.0, 18))
    return folder / "bundle"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom") / "images"
    cn.write_phantom(folder, 20, size=64)
    return folder


@pytest.mark.parametrize("engine", ["keras", pytest.param("openvino", marks=NEEDS_OPENVINO)])
def test_probabilities_are_those_of_onnx_runtime(bundle, images, engine):
    wanted, found = (cn.predict(bundle, images, engine=name, quiet=True) for name in ("onnx", engine))
    assert found.paths == wanted.paths and found.digests == wanted.digests
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-4, rtol=0)
    assert wanted.probabilities.std() > 0.01


@NEEDS_OPENVINO
def test_bfloat16_is_nearly_the_same(bundle, images):
    wanted = cn.predict(bundle, images, quiet=True).probabilities
    found = cn.predict(bundle, images, engine="openvino", precision="bfloat16", quiet=True).probabilities
    np.testing.assert_allclose(found, wanted, atol=0.1)
