"""Bundles and network files that are damaged or made to harm: one line says what is wrong, and nothing is decided."""

import hashlib
import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from chestnut.config import CnnConfig, InputSpec, Recipe
from chestnut.errors import BundleError, TrainingError
from chestnut.inference.bundle import Bundle, change_bundle, write_bundle
from chestnut.inference.engine_choice import open_predictor
from chestnut.inference.engines.keras_engine import load_bundle
from chestnut.inference.predictions import saved
from chestnut.models.build import build
from chestnut.training.outputs import require_finite

SPEC = InputSpec(height=16, width=16)
FACTS = {
    "recipe": "tiny", "classes": ("NORMAL", "PNEUMONIA"), "positive": "PNEUMONIA", "spec": SPEC,
    "temperature": 1.0, "threshold": 0.5, "synthetic": False,
}  # fmt: skip
INF, NAN = float("inf"), float("nan")


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return build(CnnConfig(filters=(2,), dense=()), SPEC, 2)


@pytest.fixture(scope="module")
def whole(network, tmp_path_factory):
    """A good bundle, which tests copy."""
    folder = tmp_path_factory.mktemp("whole") / "bundle"
    write_bundle(folder, network, **FACTS)
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "bundle")


def change(folder, **values):
    """Change bundle.json, in which JSON's NaN and infinity are written as Python reads them."""
    path = folder / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def put(folder, network):
    """Put another network into a bundle, with its hash, as someone who means harm would."""
    network.save(folder / "model.keras")
    seal(folder)


def seal(folder):
    change(folder, sha256={"model.keras": hashlib.sha256((folder / "model.keras").read_bytes()).hexdigest()})


SPEC_VALUES = SPEC.model_dump()
VALUES = {
    "temperature 0": ({"temperature": 0}, "temperature: input should be greater than or equal to 0.001, given 0"),
    "temperature below 0": ({"temperature": -1.0}, "temperature: input should be greater"),
    "temperature NaN": ({"temperature": NAN}, "is not valid JSON (NaN"),
    "temperature infinite": ({"temperature": INF}, "is not valid JSON (Infinity"),
    "temperature too high": ({"temperature": 1e300}, "temperature: input should be less than or equal to 1000"),
    "temperature text": ({"temperature": "1.0"}, "temperature: input should be a valid number, given '1.0'"),
    "temperature null": ({"temperature": None}, "temperature: input should be a valid number, given None"),
    "threshold NaN": ({"threshold": NAN}, "is not valid JSON (NaN"),
    "threshold 5": ({"threshold": 5}, "threshold: input should be less than or equal to 1, given 5"),
    "threshold below 0": ({"threshold": -0.1}, "threshold: input should be greater than or equal to 0, given -0.1"),
    "threshold true": ({"threshold": True}, "threshold: input should be a valid number, given True"),
    "no class": ({"classes": []}, "classes: list should have at least 2 items"),
    "one class": ({"classes": ["NORMAL"], "positive": None}, "classes: list should have at least 2 items"),
    "a class twice": ({"classes": ["A", "A"], "positive": "A"}, "classes are A, A; each must occur once"),
    "an empty class": ({"classes": ["", "A"], "positive": "A"}, "classes.0: string should have at least 1 character"),
    "a blank class": ({"classes": ["A", " "], "positive": " "}, "classes.1: string should match pattern"),
    "a class that is a number": ({"classes": [0, 1]}, "classes.0: input should be a valid string, given 0"),
    "classes as text": ({"classes": "NORMAL"}, "classes: input should be a valid list, given 'NORMAL'"),
    "no positive class": ({"positive": None}, "positive is None among the classes NORMAL, PNEUMONIA"),
    "a strange positive class": ({"positive": "COVID"}, "positive is 'COVID' among the classes NORMAL, PNEUMONIA"),
    "the first class positive": ({"positive": "NORMAL"}, "not 'PNEUMONIA', the last of two"),
    "positive of three": ({"classes": ["A", "B", "C"], "positive": "C"}, "not none of more than two"),
    "a recipe that is a list": ({"recipe": ["tiny"]}, "recipe: input should be a valid string, given ['tiny']"),
    "synthetic as text": ({"synthetic": "no"}, "synthetic: input should be a valid boolean, given 'no'"),
    "format as text": ({"format": "1"}, "format: input should be a valid integer, given '1'"),
    "format 0": ({"format": 0}, "format: input should be greater than or equal to 1, given 0"),
    "a newer format": ({"format": 4}, "was made by a newer chestnut (format 4, this one reads up to 3)"),
    "input too large": ({"input": SPEC_VALUES | {"height": 10**6}}, "input.height: input should be less than or equal"),
    "input unknown": ({"input": SPEC_VALUES | {"depth": 3}}, "input.depth: extra inputs are not permitted, given 3"),
    "input a list": ({"input": [16, 16, 1]}, "input: input should be a valid dictionary or instance of InputSpec"),
    "no hash": ({"sha256": {}}, "sha256 does not list model.keras"),
    "a short hash": ({"sha256": {"model.keras": "0"}}, "sha256.model.keras: string should match pattern"),
    "a file outside": (
        {"sha256": {"../x": "0" * 64}},
        "sha256.../x.[key]: input should be 'model.keras', 'conformal.npz', 'guard.npz' or 'model.onnx'",
    ),
    "hash a number": ({"sha256": {"model.keras": 5}}, "sha256.model.keras: input should be a valid string, given 5"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_bundle_with_an_impossible_value_is_refused(folder, kind):
    values, said = VALUES[kind]
    change(folder, **values)
    with pytest.raises(BundleError) as caught:
        Bundle.read(folder)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(folder))


@pytest.mark.parametrize("key", ["format", "recipe", "classes", "positive", "input", "temperature", "threshold"])
def test_a_bundle_without_a_value_is_refused(folder, key):
    values = json.loads((folder / "bundle.json").read_text())
    del values[key]
    (folder / "bundle.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match=f"{key}: field required"):
        Bundle.read(folder)


@pytest.mark.parametrize("text", ["[]", "3", '"text"', "null"])
def test_a_bundle_that_is_no_table_is_refused(folder, text):
    (folder / "bundle.json").write_text(text)
    with pytest.raises(BundleError, match=r"is damaged \(input should be a valid dictionary"):
        Bundle.read(folder)


@pytest.mark.parametrize("threshold", [NAN, INF, -0.1, 1.1])
def test_an_impossible_threshold_is_not_kept(folder, threshold):
    before = (folder / "bundle.json").read_bytes()
    with pytest.raises(BundleError, match="is not written"):
        change_bundle(folder, threshold=threshold)
    assert (folder / "bundle.json").read_bytes() == before


@pytest.mark.parametrize(("name", "value"), [("temperature", NAN), ("threshold", 5.0), ("positive", None)])
def test_a_bundle_with_an_impossible_value_is_not_written(network, tmp_path, name, value):
    with pytest.raises(BundleError, match="is not written"):
        write_bundle(tmp_path / "bundle", network, **FACTS | {name: value})
    assert list(tmp_path.iterdir()) == []


def spoilt(value):
    """A network with one weight of this value."""
    made = build(CnnConfig(filters=(2,), dense=()), SPEC, 2)
    first, *others = made.get_weights()
    first[0, 0, 0, 0] = value
    made.set_weights([first, *others])
    return made


@pytest.mark.parametrize("value", [NAN, INF])
def test_a_network_with_a_weight_that_is_not_finite_is_neither_written_nor_loaded(folder, tmp_path, value):
    network = spoilt(value)
    with pytest.raises(BundleError, match=r"1 of 18 weights of block_1_conv_1/kernel are NaN or infinite"):
        write_bundle(tmp_path / "new", network, **FACTS)
    assert not (tmp_path / "new").exists()
    put(folder, network)
    with pytest.raises(BundleError, match=r"1 of 18 weights of block_1_conv_1/kernel are NaN or infinite"):
        open_predictor(Bundle.read(folder))


def test_an_output_that_is_not_finite_decides_nothing(folder, tmp_path):
    network = build(CnnConfig(filters=(2,), dense=()), SPEC, 2)
    network.set_weights([np.full_like(array, 3e38) for array in network.get_weights()])
    put(folder, network)
    images, predictor = [str(tmp_path / f"{name}.png") for name in "ab"], open_predictor(Bundle.read(folder))
    for image in images:
        Image.fromarray(np.full((16, 16), 255, np.uint8)).save(image)
    with pytest.raises(BundleError, match=r"NaN or infinite for 2 of 2 images \(.*a\.png, .*b\.png\), so"):
        list(saved((predictor.predict(chunk) for chunk in [images]), tmp_path / "out.csv"))
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png", "bundle"}


def test_a_network_of_other_classes_or_another_input_is_refused(folder):
    put(folder, build(CnnConfig(filters=(2,), dense=()), SPEC, 3))
    with pytest.raises(BundleError, match=r"has outputs of shape \(None, 3\), but bundle.json has 2 classes"):
        load_bundle(Bundle.read(folder))
    put(folder, build(CnnConfig(filters=(2,), dense=()), InputSpec(height=16, width=20), 2))
    with pytest.raises(BundleError, match=r"takes images of shape \(None, 16, 20, 1\), but bundle.json says"):
        load_bundle(Bundle.read(folder))


def test_a_network_that_replaces_the_one_of_the_bundle_decides_nothing(folder):
    bundle = Bundle.read(folder)
    put(folder, build(CnnConfig(filters=(2,), dense=()), SPEC, 2))
    with pytest.raises(BundleError, match="bundle was replaced while it was read; run the command again"):
        load_bundle(bundle)


def test_a_training_that_ends_with_weights_that_are_not_finite_has_failed():
    with pytest.raises(TrainingError, match=r"training mine ended with a network of which 1 of 18 weights of block_1"):
        require_finite(spoilt(NAN), Recipe(name="mine"))
