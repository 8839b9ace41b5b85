"""Networks from files of Keras 2 and 3: flat, of logits, and with the answers that they had."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from keras import layers

import keras2
from chestnut.errors import ForeignFileError
from chestnut.evaluation.softmax import probabilities
from chestnut.importing.child import convert
from chestnut.importing.request import ANSWERS, IMAGES, NETWORK, Request
from chestnut.inference.engines.keras_engine import load_network
from chestnut.models.activation import class_activation
from chestnut.models.features import with_features
from chestnut.models.foreign.file import ForeignFile

SIDE = 16
IMAGES_SEEN = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE), dtype=np.uint8)
SCALES = {"0-255": lambda x: x, "0-1": lambda x: x / 255, "-1-1": lambda x: x / 127.5 - 1}


def shaken(network):
    """Give every weight a value of its own, so that none can be mistaken for another."""
    random = np.random.default_rng(1)
    for variable in network.weights:
        least = 0.5 if "variance" in variable.path or "gamma" in variable.path else -0.3
        variable.assign(random.uniform(least, least + 0.6, variable.shape))
    return network


def inner(name="base", channels=3):
    """A network that others contain: normalised, with a branch that joins, and names that Keras 2 allowed."""
    image = keras.Input((SIDE, SIDE, channels), name=f"{name}_in")
    x = layers.Conv2D(4, 3, padding="same", activation="silu", name=f"{name}__conv")(image)
    x = layers.BatchNormalization(name=f"{name}__bn")(x)
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}__depthwise")(x)
    return keras.Model(image, layers.Add(name=f"{name}_add")([x, y]), name=name)


def nested(head, frozen=False):
    image, base = keras.Input((SIDE, SIDE, 3), name="outer"), inner()
    base.trainable = not frozen
    x = layers.GlobalAveragePooling2D(name="average")(base(image, training=False))
    return keras.Model(image, head(layers.Dropout(0.2, name="drop")(x)), name="whole")


def separable():
    parts = [
        *(layers.SeparableConv2D(4, 3, name="a"), layers.LeakyReLU(0.2, name="b"), layers.Flatten(name="c")),
        layers.Dense(2, activation="softmax", name="d"),
    ]
    return keras.Sequential([keras.Input((SIDE, SIDE, 1)), *parts], name="chain")


def in_sequence():
    return keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), inner(), layers.GlobalMaxPooling2D(name="most"), layers.Dense(1, name="out"),
         layers.Activation("sigmoid", name="last")], name="chain",
    )  # fmt: skip


def sigmoid(x):
    return layers.Dense(1, activation="sigmoid", name="out")(x)


def softmax(x):
    return layers.Dense(3, activation="softmax", name="out")(x)


def softmax_without_bias(x):
    return layers.Softmax(name="last")(layers.Dense(2, use_bias=False, name="out")(x))


NETWORKS = {
    "nested": lambda: nested(sigmoid),
    "frozen": lambda: nested(softmax, frozen=True),
    "softmax": lambda: nested(softmax_without_bias),
    "in sequence": in_sequence,
    "separable": separable,
}


def converted(path, folder, scale="0-255", order=(0, 1), classes=2, images=IMAGES_SEEN):
    file = ForeignFile.read(path)
    shape = file.graph.shape
    request = Request(str(path), file.sha256, *shape, scale, classes, order, 2**40)
    np.save(folder / IMAGES, images)
    return file, convert(folder, request)


def answers(network, scale):
    seen = SCALES[scale](np.repeat(IMAGES_SEEN[..., None].astype(np.float32), network.input_shape[-1], axis=-1))
    given = np.asarray(network(seen, training=False), np.float64)
    return np.concatenate([1 - given, given], axis=1) if given.shape[1] == 1 else given


@pytest.mark.parametrize(
    ("name", "scale", "ending"),
    [("nested", "-1-1", ".h5"),
     *(pytest.param(*case, marks=pytest.mark.slow) for case in (
         ("frozen", "0-1", ".h5"), ("softmax", "0-1", ".keras"), ("in sequence", "0-1", ".h5"),
         ("separable", "0-1", ".h5")))],
)  # fmt: skip
def test_a_network_of_keras_2_answers_as_it_did(tmp_path, name, scale, ending):
    network = shaken(NETWORKS[name]())
    path = keras2.save(network, tmp_path / f"old{ending}")
    wanted = answers(network, scale)
    order = tuple(reversed(range(wanted.shape[1])))
    file, outcome = converted(path, tmp_path, scale, order, wanted.shape[1])
    assert file.mended and not outcome["plain"], "Keras 3 would open this file by itself, so it is no file of Keras 2"
    made = load_network(tmp_path / NETWORK)
    assert not any(isinstance(layer, keras.Model) for layer in made.layers)
    seen = np.repeat(IMAGES_SEEN[..., None].astype(np.float32), made.input_shape[-1], axis=-1)
    got = probabilities(np.asarray(made(seen)))
    np.testing.assert_allclose(got, wanted[:, list(order)], atol=1e-6)
    assert np.ptp(wanted[:, 0]) > 1e-3, "all answers are alike, so that they would fit many networks"
    with np.load(tmp_path / ANSWERS) as saved:
        np.testing.assert_allclose(saved["theirs"], wanted[:, list(order)], atol=1e-6)
        np.testing.assert_allclose(saved["ours"], got, atol=1e-6)
    assert with_features(made).output_shape[-1] > made.output_shape[-1]
    assert (class_activation(made) is not None) == (name in ("nested", "frozen", "softmax"))


@pytest.mark.slow
def test_a_published_backbone_with_a_head_answers_as_it_did(tmp_path):
    """MobileNetV2 within a network, frozen, as the tutorials do it; its last maps are those of the class activation."""
    keras.utils.set_random_seed(4)
    base = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, include_top=False, weights=None)
    base.trainable = False
    image = keras.Input((32, 32, 3), name="outer")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scaled")(image)
    x = layers.GlobalAveragePooling2D(name="average")(base(x, training=False))
    network = keras.Model(image, layers.Dense(2, activation="softmax", name="out")(x), name="whole")
    path = keras2.save(network, tmp_path / "old.h5")
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32), dtype=np.uint8)
    file, outcome = converted(path, tmp_path, "0-255", (1, 0), images=images)
    assert "left out groups=1 of DepthwiseConv2D, which this Keras does not take" in file.mended
    assert outcome == {"head": "softmax", "plain": False}
    wanted = np.asarray(network(np.repeat(images[..., None], 3, axis=-1).astype(np.float32)))[:, ::-1]
    with np.load(tmp_path / ANSWERS) as saved:
        np.testing.assert_allclose(saved["ours"], wanted, atol=1e-6)
    made = load_network(tmp_path / NETWORK)
    assert made.count_params() == network.count_params()
    assert class_activation(made).shape[1:] == (2, 1, 1)


@pytest.mark.slow
def test_a_file_that_keras_opens_is_compared_with_what_keras_makes_of_it(tmp_path):
    network = shaken(nested(sigmoid))
    network.save(tmp_path / "new.keras")
    file, outcome = converted(tmp_path / "new.keras", tmp_path, "0-1")
    assert outcome == {"head": "sigmoid", "plain": True} and file.mended == ()
    with np.load(tmp_path / ANSWERS) as saved:
        np.testing.assert_allclose(saved["ours"], answers(network, "0-1"), atol=1e-6)


@pytest.mark.slow
def test_a_wrong_weight_shows_in_the_answers(tmp_path, monkeypatch):
    """What is compared with Keras's own answers is what was written, so that a fault of the conversion is seen."""
    from chestnut.models.foreign import flatten as module

    shaken(separable()).save(tmp_path / "new.keras")
    keep = module.reorder
    monkeypatch.setattr(module, "reorder", lambda network, order: keep(network, (1, 0)))
    converted(tmp_path / "new.keras", tmp_path, "0-1")
    with np.load(tmp_path / ANSWERS) as saved:
        assert np.abs(saved["ours"] - saved["theirs"]).max() > 1e-3


HEADS = {
    "a number": (layers.Dense(1, name="out"), 2, "it ends in 1 linear output (layer 'out'), and classes"),
    "two sigmoids": (layers.Dense(2, activation="sigmoid", name="out"), 2, "it ends in 2 sigmoid outputs"),
    "other classes": (softmax, 2, "it ends in 3 softmax outputs (layer 'out'), and classes names 2"),
    "no head": (layers.Reshape((1, 4), name="out"), 2, "it ends in the layer 'out', a Reshape; a sigmoid"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HEADS)
def test_other_heads_are_refused_by_name(tmp_path, kind):
    head, classes, message = HEADS[kind]
    nested(head).save(tmp_path / "new.keras")
    with pytest.raises(ValueError) as caught:
        converted(tmp_path / "new.keras", tmp_path, classes=classes)
    assert message in str(caught.value)


@pytest.mark.slow
def test_a_softmax_over_averaged_maps_gets_a_head_that_changes_nothing(tmp_path):
    parts = [layers.Conv2D(2, 3, name="maps"), layers.GlobalAveragePooling2D(name="average"), layers.Softmax(name="p")]
    network = shaken(keras.Sequential([keras.Input((SIDE, SIDE, 1)), *parts]))
    network.save(tmp_path / "new.keras")
    converted(tmp_path / "new.keras", tmp_path, "0-1", (1, 0))
    with np.load(tmp_path / ANSWERS) as saved:
        np.testing.assert_allclose(saved["ours"], answers(network, "0-1")[:, ::-1], atol=1e-6)
    assert class_activation(load_network(tmp_path / NETWORK)) is not None


def test_a_file_that_changes_meanwhile_is_refused(tmp_path):
    path = keras2.save(separable(), tmp_path / "old.h5")
    file = ForeignFile.read(path)
    request = Request(str(path), "0" * 64, *file.graph.shape, "0-1", 2, (0, 1), 2**40)
    np.save(tmp_path / IMAGES, IMAGES_SEEN)
    with pytest.raises(ValueError, match="changed while it was read"):
        convert(tmp_path, request)


def test_what_was_given_to_no_layer_is_refused(tmp_path):
    config = keras2.config_of(nested(sigmoid))
    config["config"]["layers"][-1]["inbound_nodes"] = [[["gone", 0, 0, {}]]]
    path = keras2.save(nested(sigmoid), tmp_path / "old.h5", config=config["config"])
    with pytest.raises(ForeignFileError, match="'gone', which it does not contain"):
        ForeignFile.read(path)


def test_a_request_survives_its_file(tmp_path):
    request = Request("/a.h5", "0" * 64, 16, 24, 3, "-1-1", 3, (2, 0, 1), 10)
    request.write(tmp_path)
    assert Request.read(tmp_path) == request
    assert json.loads((tmp_path / "request.json").read_text())["order"] == [2, 0, 1]
    assert dataclasses.asdict(request)["scale"] == "-1-1"
