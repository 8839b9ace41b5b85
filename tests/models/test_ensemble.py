"""An ensemble's network: its softmax is the mean of the members' calibrated probabilities, whatever they are."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.config import InputSpec, load_recipe
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.engines.keras_engine import load_network
from chestnut.models.build import build
from chestnut.models.ensemble import join

SPEC = InputSpec(height=16, width=16)
PIXELS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def networks():
    """Tiny untrained networks of several kinds, by name; of two classes unless the name says three."""
    kinds = {"softmax": ("softmax", 2, 1), "sigmoid": ("sigmoid", 2, 1), "wide": ("softmax", 2, 3)}
    kinds |= {"three": ("softmax", 3, 1), "three-wide": ("softmax", 3, 3)}
    made = {}
    for number, (name, (head, classes, channels)) in enumerate(kinds.items()):
        keras.utils.set_random_seed(number)
        settings = [f'model.head="{head}"', "model.filters=[4]", "model.dense=[4]", "model.batch_norm=true"]
        recipe = load_recipe("cnn-small", [*settings, "model.dropout=0.5", "input.height=16", "input.width=16"])
        made[name] = build(recipe.model, SPEC.model_copy(update={"channels": channels}), classes)
    return made


def own(network, temperature, pixels=PIXELS):
    given = np.repeat(pixels, network.input_shape[-1], axis=-1)
    return probabilities(np.asarray(network(given)), temperature)


@pytest.mark.parametrize("names", [("softmax", "sigmoid"), ("sigmoid", "wide", "softmax"), ("three", "three-wide")])
def test_an_ensemble_gives_the_mean(networks, names, tmp_path):
    members = [networks[name] for name in names]
    temperatures = [0.5 + 0.7 * number for number in range(len(members))]
    channels = min(member.input_shape[-1] for member in members)
    network = join(members, temperatures, SPEC.model_copy(update={"channels": channels}))
    given = np.repeat(PIXELS, channels, axis=-1)
    found = np.asarray(network(given))
    expected = np.mean([own(*pair) for pair in zip(members, temperatures, strict=True)], axis=0)
    assert found.dtype == np.float32
    assert found.shape == (4, expected.shape[1])
    np.testing.assert_allclose(probabilities(found), expected, atol=1e-6)
    np.testing.assert_allclose(np.exp(found), expected, atol=1e-6)
    network.save(tmp_path / "model.keras")
    loaded = load_network(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(loaded(given)), found)
    assert loaded.input.name == "image"


@settings(max_examples=6, deadline=None)
@given(
    order=st.permutations(["softmax", "sigmoid", "wide"]),
    temperatures=st.lists(st.floats(0.2, 5), min_size=3, max_size=3),
    copies=st.integers(2, 4),
)
def test_order_and_copies_do_not_matter(networks, order, temperatures, copies):
    pairs = [(networks[name], temperature) for name, temperature in zip(order, temperatures, strict=True)]
    found = join(*zip(*pairs, strict=True), SPEC)(PIXELS)
    turned = join(*zip(*pairs[::-1], strict=True), SPEC)(PIXELS)
    np.testing.assert_allclose(turned, found, atol=1e-6)
    network, temperature = pairs[0]
    same = join(
        [network] * copies, [temperature] * copies, SPEC.model_copy(update={"channels": network.input_shape[-1]})
    )
    given = np.repeat(PIXELS, network.input_shape[-1], axis=-1)
    np.testing.assert_allclose(probabilities(np.asarray(same(given))), own(network, temperature), atol=1e-6)


def test_an_ensemble_of_ensembles(networks):
    inner = join([networks["softmax"], networks["sigmoid"]], [1.0, 1.0], SPEC)
    outer = join([inner, networks["wide"]], [1.0, 1.0], SPEC)
    expected = (own(networks["softmax"], 1) + own(networks["sigmoid"], 1)) / 4 + own(networks["wide"], 1) / 2
    np.testing.assert_allclose(probabilities(np.asarray(outer(PIXELS))), expected, atol=1e-6)


def test_very_sure_members_stay_finite():
    def sure(*bias):
        image = keras.Input(SPEC.shape, name="image")
        flat = keras.layers.Flatten()(image)
        layer = keras.layers.Dense(len(bias), kernel_initializer="zeros", name="logits")
        network = keras.Model(image, layer(flat))
        layer.bias.assign(bias)
        return network

    network = join([sure(3e4, -3e4), sure(-2e4, 2e4)], [0.1, 0.1], SPEC)
    np.testing.assert_allclose(probabilities(np.asarray(network(PIXELS))), 0.5, atol=1e-6)
    same = np.asarray(join([sure(3e4), sure(1e4)], [0.1, 0.1], SPEC)(PIXELS))
    assert np.isfinite(same).all()
    np.testing.assert_allclose(probabilities(same)[:, 1], 1)
