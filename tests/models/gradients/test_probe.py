"""Gradients at the last maps of a network: they are right wherever the maps lie, whatever the network is made of."""

import keras
import numpy as np
import pytest
from keras import layers

from chestnut.config import InputSpec
from chestnut.models.ensemble import join
from chestnut.models.gradients.flat_graph import flatten
from chestnut.models.gradients.probe import Probe

pytestmark = pytest.mark.slow

SIDE = 16
IMAGES = np.random.default_rng(0).uniform(0, 255, (3, SIDE, SIDE, 1)).astype(np.float32)


def backbone(start, policy="float32"):
    """Build a stem with a branch, whose maps the last layers use twice."""
    x = layers.Rescaling(1 / 255, dtype=policy)(start)
    x = layers.Conv2D(4, 3, padding="same", activation="relu", dtype=policy)(x)
    x = layers.BatchNormalization(dtype=policy)(x)
    branch = layers.Conv2D(4, 3, padding="same", dtype=policy)(x)
    return layers.ReLU(dtype=policy, name="last")(layers.Add(dtype=policy)([x, branch]))


def head(maps, units=2, policy="float32"):
    x = layers.MaxPooling2D(dtype=policy)(maps)
    x = layers.Dense(8, activation="relu", dtype=policy)(layers.Flatten(dtype=policy)(x))
    return layers.Dense(units, name="logits", dtype="float32")(x)


def flat_network(units=2, policy="float32"):
    image = keras.Input((SIDE, SIDE, 1))
    return keras.Model(image, head(backbone(image, policy), units, policy))


def nested_network(deep=False):
    image, inside = keras.Input((SIDE, SIDE, 1)), keras.Input((SIDE, SIDE, 1))
    inner = keras.Model(inside, backbone(inside), name="backbone")
    if deep:
        inner = keras.Sequential([keras.Input((SIDE, SIDE, 1)), inner], name="outer")
    return keras.Model(image, head(inner(image)))


def weights(count, units=2):
    return np.tile(np.asarray([-1.0, 1.0] if units == 2 else [1.0], np.float32), (count, 1))


@pytest.mark.parametrize("deep", [False, True])
def test_nested_and_flat_networks_of_equal_weights_agree(deep):
    plain, nested = flat_network(), nested_network(deep)
    nested.set_weights(plain.get_weights())
    one, other = (Probe(each).differentiate_maps(IMAGES, weights(3)) for each in (plain, nested))
    np.testing.assert_allclose(one[0], other[0], atol=1e-5)
    np.testing.assert_allclose(one[1][0].maps, other[1][0].maps, atol=1e-5)
    np.testing.assert_allclose(one[1][0].gradients, other[1][0].gradients, atol=1e-5)
    assert np.abs(one[1][0].gradients).max() > 0


def test_the_gradient_is_that_of_small_differences_of_the_head():
    network = flat_network()
    probe = Probe(network)
    _, (layer,) = probe.differentiate_maps(IMAGES, weights(3))
    maps = keras.Input(network.get_layer("last").output.shape[1:])
    rest = maps
    for one in network.layers[network.layers.index(network.get_layer("last")) + 1 :]:
        rest = one(rest)
    behind = keras.Model(maps, rest)
    np.testing.assert_allclose(
        behind.predict_on_batch(layer.maps), network.predict_on_batch(IMAGES), atol=1e-5, err_msg="the maps are those"
    )
    place, step = np.unravel_index(np.abs(layer.gradients[0]).argmax(), layer.gradients[0].shape), 1e-3
    more = layer.maps[:1].copy()
    more[0][place] += step
    before, after = (behind.predict_on_batch(values)[0] @ [-1, 1] for values in (layer.maps[:1], more))
    assert (after - before) / step == pytest.approx(layer.gradients[0][place], rel=0.02)


def test_a_pixel_gradient_is_that_of_small_differences_of_the_image():
    network = flat_network(units=1)
    _, gradients = Probe(network).differentiate_image(IMAGES, weights(3, 1))
    place = np.unravel_index(np.abs(gradients[0]).argmax(), gradients[0].shape)
    more = IMAGES[:1].copy()
    more[0][place] += 0.5
    before, after = (network.predict_on_batch(values)[0, 0] for values in (IMAGES[:1], more))
    assert (after - before) / 0.5 == pytest.approx(gradients[0][place], rel=0.05)


def test_a_sure_network_still_has_gradients_and_is_not_changed():
    network = flat_network()
    network.layers[-1].set_weights([1e4 * one for one in network.layers[-1].get_weights()])
    before, names = network.get_weights(), [layer.name for layer in network.layers]
    logits, (layer,) = Probe(network).differentiate_maps(IMAGES, weights(3))
    assert np.abs(logits[:, 1] - logits[:, 0]).min() > 50, "its probability is 1 in float32"
    assert np.abs(layer.gradients).max(axis=(1, 2, 3)).min() > 0
    assert all((one == other).all() for one, other in zip(before, network.get_weights(), strict=True))
    assert [layer.name for layer in network.layers] == names


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_maps_of_mixed_precision_are_those_of_float32(policy):
    plain, mixed = flat_network(), flat_network(policy=policy)
    mixed.set_weights(plain.get_weights())
    (one,), (other,) = (Probe(each).differentiate_maps(IMAGES, weights(3))[1] for each in (plain, mixed))
    assert other.gradients.dtype == other.maps.dtype == np.float32
    assert np.corrcoef(one.gradients.ravel(), other.gradients.ravel())[0, 1] > 0.99


def test_each_member_of_an_ensemble_has_its_maps():
    members = [flat_network(), flat_network()]
    ensemble = join(members, [1.0, 2.0], InputSpec(height=SIDE, width=SIDE))
    probe = Probe(ensemble)
    logits, layers_of_members = probe.differentiate_maps(IMAGES, weights(3))
    assert probe.names == ("member_1__last", "member_2__last")
    np.testing.assert_allclose(logits, ensemble.predict_on_batch(IMAGES), atol=1e-5)
    for member, layer in zip(members, layers_of_members, strict=True):
        _, (own,) = Probe(member).differentiate_maps(IMAGES, weights(3))
        np.testing.assert_allclose(layer.maps, own.maps, atol=1e-5)


def test_a_network_that_was_never_built_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"never built.*call build\(\(None, height, width, channels\)\)"):
        flatten(keras.Sequential([layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)]))


def test_a_sequence_of_layers_that_was_built_has_maps():
    network = keras.Sequential([layers.Conv2D(2, 3, name="conv"), layers.Flatten(), layers.Dense(2)])
    network.build((None, SIDE, SIDE, 1))
    assert Probe(network).names == ("conv",)
