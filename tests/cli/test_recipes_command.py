"""`chestnut recipes --layers`: the table of a network's layers."""

import json

import pytest

from chestnut.config import load_recipe, recipe_names, recipe_parameters
from chestnut.config.classical import ClassicalConfig

FAST = {"mlp", "cnn-small", "cnn-gap", "pca-svm", "hog-logistic"}
NAMES = [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in recipe_names()]


@pytest.mark.parametrize("name", NAMES)
def test_layers_of_every_recipe(chestnut, name):
    status, said, _ = chestnut("recipes", name, "--layers", "--json", "-")
    found = json.loads(said)
    assert status == 0 and found["name"] == name
    if isinstance(load_recipe(name).model, ClassicalConfig):
        assert (found["layers"], found["parameters"], found["trained"]) == ([], None, None)
        return
    assert found["parameters"] == recipe_parameters(name) == sum(row["parameters"] for row in found["layers"])
    assert 0 < found["trained"] == sum(row["trained"] for row in found["layers"]) <= found["parameters"]
    assert found["layers"][-1]["layer"] == "logits"


def test_layers_as_a_table(chestnut):
    status, said, advice = chestnut("recipes", "mlp", "--layers")
    assert status == 0
    assert "logits" in said and "4,147,586 parameters: 4,147,586 trained, 0 frozen" in said
    assert "Next: chestnut demo --recipe mlp --out demo-mlp" in advice


def test_a_frozen_backbone_is_counted_apart(chestnut, tmp_path):
    text = load_recipe("vgg16").changed(["input.height=40", "input.width=40"]).to_toml()
    (tmp_path / "mine.toml").write_text(text)
    status, said, _ = chestnut("recipes", tmp_path / "mine.toml", "--layers", "--json", "-")
    found = json.loads(said)
    assert status == 0
    frozen = [row for row in found["layers"] if row["parameters"] and not row["trained"]]
    assert sum(row["parameters"] for row in frozen) == 14_714_688 == found["parameters"] - found["trained"]


def test_a_classical_recipe_says_so(chestnut):
    status, said, _ = chestnut("recipes", "pca-svm", "--layers")
    assert status == 0 and "pca-svm is fitted to the images in one piece: it has no layers to train." in said


def test_layers_need_a_name(chestnut):
    status, _, said = chestnut("recipes", "--layers")
    assert status == 2 and "give the recipe's name" in said
