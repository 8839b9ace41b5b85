"""Backbones: their weights from files, their preprocessing, and where they are frozen and cut."""

from pathlib import Path

import keras
import numpy as np
import pytest

from chestnut.config import BackboneConfig, InputSpec
from chestnut.errors import DownloadError, RecipeError
from chestnut.models.backbones import BACKBONES, Backbone
from chestnut.models.build import build
from chestnut.models.freeze import backbone_layers, divide, freeze
from chestnut.models.pretrained.load import load_pretrained

SPEC = InputSpec(height=32, width=32)
MOBILENET = BackboneConfig(network="mobilenet-v2")
GREY = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1)).astype(np.float32)


def plain(application):
    """The application as a notebook makes it, with random weights."""
    return getattr(keras.applications, application)(include_top=False, weights=None, input_shape=(32, 32, 3))


def features(network, images):
    return keras.Model(network.input, network.get_layer("average").output).predict_on_batch(images)


@pytest.fixture(scope="module")
def mobilenet():
    keras.utils.set_random_seed(0)
    return build(MOBILENET, SPEC, 2)


@pytest.mark.parametrize(
    ("name", "application", "package"),
    [
        pytest.param("mobilenet-v2", "MobileNetV2", "mobilenet_v2", marks=pytest.mark.slow),
        pytest.param("vgg16", "VGG16", "vgg16", marks=pytest.mark.slow),
    ],
)
def test_weights_of_a_file_give_what_a_notebook_gets(name, application, package, tmp_path):
    source = plain(application)
    source.save_weights(tmp_path / "own.weights.h5")
    three = np.repeat(GREY, 3, axis=-1)
    prepared = getattr(keras.applications, package).preprocess_input(three.copy())
    wanted = source.predict_on_batch(prepared).mean(axis=(1, 2))
    for channels, images in ((1, GREY), (3, three)):
        config = BackboneConfig(network=name, weights=str(tmp_path / "own.weights.h5"))
        spec = InputSpec(height=32, width=32, channels=channels)
        network = build(config, spec, 2)
        load_pretrained(network, config, spec)
        np.testing.assert_allclose(features(network, images), wanted, rtol=1e-3, atol=1e-5 * abs(wanted).max())


@pytest.mark.parametrize("name", ["renamed.h5", pytest.param("as-published.weights.h5", marks=pytest.mark.slow)])
def test_the_shared_imagenet_weights_load_under_any_name(name, tmp_path):
    shared = Path("../shared/weights/mobilenet_v2_imagenet_notop.weights.h5")
    if not shared.is_file():
        pytest.skip(f"{shared} is not here")
    path = tmp_path / name
    path.symlink_to(shared.resolve())
    config = MOBILENET.model_copy(update={"weights": str(path)})
    network = build(config, SPEC, 2)
    load_pretrained(network, config, SPEC)
    stem = network.get_layer("Conv1").get_weights()[0]
    assert stem.shape == (3, 3, 1, 32)
    assert 0.1 < stem.std() < 10


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no file .*gone.weights.h5; give imagenet, none, a weights file of mobilenet-v2 or the folder of a run"),
        (b"not a file of weights", "does not contain the weights of mobilenet-v2"),
    ],
)
def test_a_weights_file_that_is_none_is_refused(mobilenet, content, said, tmp_path):
    path = tmp_path / "gone.weights.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecipeError, match=said):
        load_pretrained(mobilenet, MOBILENET.model_copy(update={"weights": str(path)}), SPEC)


@pytest.mark.slow
def test_weights_of_another_network_are_refused(mobilenet, tmp_path):
    plain("VGG16").save_weights(tmp_path / "vgg.weights.h5")
    config = MOBILENET.model_copy(update={"weights": str(tmp_path / "vgg.weights.h5")})
    with pytest.raises(RecipeError, match=r"vgg.weights.h5 does not contain the weights of mobilenet-v2.*save_weights"):
        load_pretrained(mobilenet, config, SPEC)


def test_a_download_that_fails_says_how_to_give_a_file(mobilenet, monkeypatch):
    def fail(self, weights=None, **given):
        raise Exception("URL fetch failure on https://example.org: None -- unreachable")

    monkeypatch.setattr(Backbone, "make", fail)
    with pytest.raises(DownloadError, match=r"could not be downloaded .*set model.weights to a file .* or to none"):
        load_pretrained(mobilenet, MOBILENET, SPEC)


def test_an_input_too_small_is_refused():
    with pytest.raises(RecipeError, match="48×48 is too small for inception-v3, which takes 75 pixels a side or more"):
        build(BackboneConfig(network="inception-v3"), InputSpec(height=48, width=48), 2)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.75, 1.0])
def test_the_top_share_is_trained_and_batch_normalisation_never(mobilenet, share):
    layers = backbone_layers(mobilenet)
    assert len(layers) == len(plain("MobileNetV2").layers) - 1  # all but the input
    trained = freeze(mobilenet, share)
    first = len(layers) - round(share * len(layers))
    assert [layers.index(layer) >= first for layer in trained] == [True] * len(trained)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in trained)
    kernels = [layer.name for layer in layers[first:] if any("kernel" in weight.path for weight in layer.weights)]
    assert [layer.name for layer in trained] == kernels
    assert all(layer.trainable for layer in mobilenet.layers if layer.name.startswith(("dense", "logits")))


@pytest.mark.parametrize(
    "share", [pytest.param(0.0, marks=pytest.mark.slow), 0.3, pytest.param(0.6, marks=pytest.mark.slow)]
)
def test_the_two_parts_are_the_network(mobilenet, share):
    freeze(mobilenet, share)
    parts = divide(mobilenet)
    assert parts.frozen.trainable_variables == []
    wanted = {id(variable) for variable in mobilenet.trainable_variables}
    assert {id(variable) for variable in parts.trained.trainable_variables} == wanted
    found = parts.trained.predict_on_batch(parts.frozen.predict_on_batch(GREY))
    np.testing.assert_allclose(found, mobilenet.predict_on_batch(GREY), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_training_the_head_leaves_statistics_and_frozen_layers_alone(mobilenet):
    freeze(mobilenet, 0.1)
    frozen = [variable for layer in backbone_layers(mobilenet) for variable in layer.non_trainable_variables]
    before = [np.array(variable) for variable in frozen]
    mobilenet.compile("sgd", "mse")
    mobilenet.train_on_batch(GREY, np.ones((3, 2)))
    assert all(np.array_equal(old, new) for old, new in zip(before, frozen, strict=True))


def test_a_network_without_a_backbone_or_all_of_it_trained_is_not_cut():
    from chestnut.config import CnnConfig

    assert divide(build(CnnConfig(), SPEC, 2)).frozen is None
    network = build(BackboneConfig(network="vgg16"), SPEC, 2)
    freeze(network, 1.0)
    assert divide(network).frozen is None


def test_only_equal_preprocessing_of_the_channels_is_folded():
    assert {name for name, backbone in BACKBONES.items() if backbone.folds} == {"mobilenet-v2", "inception-v3"}
