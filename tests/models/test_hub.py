"""Backbones of keras-hub: presets in folders, their weights, where they are cut, and what a file of one may say."""

import json
import zipfile

import keras
import numpy as np
import pytest

from chestnut.config import BackboneConfig, InputSpec, Recipe, load_recipe
from chestnut.errors import MissingExtraError, RecipeError
from chestnut.inference.engines.keras_engine import load_network
from chestnut.models.build import build
from chestnut.models.freeze import backbone_layers, divide, freeze
from chestnut.models.gradients.probe import Probe
from chestnut.models.hub import library
from chestnut.models.network_file import check_network_file
from chestnut.models.pretrained.hub import resize_positions
from chestnut.models.pretrained.load import load_pretrained

hub = pytest.importorskip("keras_hub", reason="keras-hub is not installed")

SPEC = InputSpec(height=32, width=32)
GREY = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1)).astype(np.float32)
SCALE, OFFSET = [0.017, 0.018, 0.0175], [-2.1, -2.0, -1.8]


def vit(**given):
    sizes = {"patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "mlp_dim": 16}
    return hub.models.ViTBackbone(**{"image_shape": (32, 32, 3), **sizes, **given})


def dinov2():
    sizes = {"patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
    return hub.models.DINOV2Backbone(**sizes, image_shape=(32, 32, 3), position_embedding_shape=(64, 64, 3))


def vgg():
    return hub.models.VGGBackbone(stackwise_num_repeats=[1, 1], stackwise_num_filters=[4, 8])


def save(backbone, folder, kind):
    backbone.save_to_preset(str(folder))
    getattr(hub.layers, f"{kind}ImageConverter")(scale=SCALE, offset=OFFSET).save_to_preset(str(folder))
    return BackboneConfig(network="keras-hub", preset=str(folder), weights="preset", dense=())


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    keras.utils.set_random_seed(0)
    made = {"vit": (vit(), "ViT"), "dinov2": (dinov2(), "DINOV2"), "vgg": (vgg(), "VGG")}
    return {name: (one, save(one, folder / name, kind)) for name, (one, kind) in made.items()}


def start(config, spec=SPEC):
    network = build(config, spec, 2)
    load_pretrained(network, config, spec)
    return network


def answer(network, images):
    """Compute outputs without compiling, which takes longer for so few images."""
    return keras.ops.convert_to_numpy(network(images, training=False))


def features(network, images=GREY):
    return answer(keras.Model(network.input, network.get_layer("average").output), images)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "gathered"),
    [("vit", lambda found: found[:, 0]), ("vgg", lambda found: found.mean(axis=(1, 2)))],
)
def test_features_are_those_of_the_preset_behind_its_own_preprocessing(presets, name, gathered):
    backbone, config = presets[name]
    wanted = answer(backbone, np.repeat(GREY, 3, axis=-1) * np.float32(SCALE) + np.float32(OFFSET))
    np.testing.assert_allclose(features(start(config)), gathered(wanted), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vit", "dinov2", "vgg"])
def test_a_saved_network_loads_without_its_preset_and_its_parts_are_the_whole(presets, name, tmp_path):
    network = start(presets[name][1])
    wanted = answer(network, GREY)
    freeze(network, 0.3)
    parts = divide(network)
    assert parts.frozen.weights and not parts.frozen.trainable_variables
    assert {id(one) for one in parts.trained.trainable_variables} == {id(one) for one in network.trainable_variables}
    found = answer(parts.trained, answer(parts.frozen, GREY))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    network.save(tmp_path / "model.keras")
    loaded = load_network(tmp_path / "model.keras")
    np.testing.assert_allclose(answer(loaded, GREY), wanted, rtol=1e-4, atol=1e-5)
    probe = Probe(loaded)
    assert bool(probe.names) == (name == "vgg")
    np.testing.assert_allclose(probe.differentiate_image(GREY, np.ones((2, 2)))[0], wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_a_block_of_a_transformer_counts_as_a_layer(presets):
    network = build(presets["vit"][1], SPEC, 2)
    names = [layer.name for layer in backbone_layers(network)]
    assert [name for name in names if "block" in name] == ["transformer_block_1", "transformer_block_2"]
    assert [layer.name for layer in freeze(network, 2 / len(names))] == ["ln"]
    assert divide(network).cut == "transformer_block_2"


@pytest.mark.slow
def test_other_input_sizes_interpolate_places_and_weights_come_from_files(presets, tmp_path):
    backbone, config = presets["vit"]
    large = InputSpec(height=48, width=32)
    assert features(start(config, large), np.zeros((1, 48, 32, 1), np.float32)).shape == (1, 8)
    with pytest.raises(RecipeError, match="an input of 40×44 does not fit"):
        build(config, InputSpec(height=40, width=44), 2)
    backbone.save_weights(tmp_path / "own.weights.h5")
    from_file = config.model_copy(update={"weights": str(tmp_path / "own.weights.h5")})
    np.testing.assert_array_equal(features(start(from_file)), features(start(config)))
    other = config.model_copy(update={"weights": str(presets["vgg"][1].preset)})
    with pytest.raises(RecipeError, match="does not fit the backbone"):
        start(other)
    assert not np.allclose(features(start(config.model_copy(update={"weights": "none"}))), features(start(config)))


def test_places_are_interpolated_and_others_kept():
    vectors = np.arange(10 * 2, dtype=np.float32).reshape(10, 2)
    found = resize_positions(vectors, (3, 3))
    np.testing.assert_allclose(found, vectors, atol=1e-5)
    np.testing.assert_array_equal(resize_positions(vectors[None], (6, 4))[0, 0], vectors[0])
    with pytest.raises(ValueError, match="8 places, which are no square"):
        resize_positions(np.ones((8, 2), np.float32), (2, 2))


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ("dinov2_smal", "no preset 'dinov2_smal' and no such folder; did you mean dinov2_small"),
        ("empty", "has no config.json, so it is not a preset"),
        ("text", "is a BertBackbone, not a backbone for images; chestnut takes CSPNet, DINOV2"),
    ],
)
def test_presets_that_cannot_be_used_are_refused_in_one_line(preset, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    kind = hub.models.BertBackbone
    text = {"module": kind.__module__, "class_name": kind.__name__, "registered_name": f"keras_hub>{kind.__name__}"}
    (tmp_path / "text/config.json").write_text(json.dumps({**text, "config": {}}))
    with pytest.raises(RecipeError, match=said) as caught:
        build(BackboneConfig(network="keras-hub", preset=preset), SPEC, 2)
    assert "\n" not in str(caught.value)


def test_without_keras_hub_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'needs keras-hub.*pip install "chestnut\[hub\]"'):
        build(BackboneConfig(network="keras-hub", preset="dinov2_small"), SPEC, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("hidden_dim", 8192, "weights, and it contains only"),
        ("num_layers", 10**6, "num_layers of 1000000; 512 is the limit"),
    ],
)
def test_a_file_that_declares_more_weights_than_it_has_is_refused(presets, key, value, said, tmp_path):
    path = tmp_path / "model.keras"
    build(presets["vit"][1], SPEC, 2).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    next(one for one in config["config"]["layers"] if one["class_name"] == "ViTBackbone")["config"][key] = value
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=said):
        check_network_file(path)


def test_a_recipe_names_a_preset_beside_it(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "mine.toml").write_text('name = "mine"\n[model]\nnetwork = "keras-hub:own"\ndense = [8]\n')
    model = load_recipe(tmp_path / "mine.toml").model
    assert (model.network, model.preset, model.weights) == ("keras-hub", str(tmp_path / "own"), "preset")
    short = Recipe(name="a").changed(["model.network=keras-hub:dinov2_base", "model.unfreeze=0.5"])
    assert (short.model.preset, Recipe.from_toml(short.to_toml())) == ("dinov2_base", short)
    with pytest.raises(RecipeError, match="needs a preset"):
        Recipe(name="a").changed(["model.network=keras-hub"])
    with pytest.raises(RecipeError, match=r"are for keras-hub, and the network is vgg16"):
        Recipe(name="a").changed(["model.network=vgg16", "model.preset=x"])
