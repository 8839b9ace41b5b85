"""Shuffled weights: the same values in another order, from the top, and the rest as it was."""

import numpy as np
import pytest

from chestnut.models.shuffled.weights import shuffle_weights


def small_network():
    """Return a network with a nested one of two layers, and a layer on top."""
    import keras
    from keras import layers

    inner = keras.Sequential(
        [layers.Input((8, 8, 1)), layers.Conv2D(4, 3, name="low"), layers.Conv2D(4, 3, name="mid")]
    )
    image = layers.Input((8, 8, 1))
    return keras.Model(image, layers.Dense(3, name="top")(layers.Flatten()(inner(image))))


@pytest.mark.parametrize(("share", "changed"), [(0.0, 1), (0.5, 2), (1.0, 3)])
def test_the_upper_layers_have_the_same_weights_in_another_order(share, changed):
    network = small_network()
    before = [np.asarray(one) for one in network.get_weights()]
    assert shuffle_weights(network, share, seed=3) == changed
    after = network.get_weights()
    different = [not np.array_equal(one, other) for one, other in zip(before, after, strict=True)]
    kernels = different[::2]  # biases are all zero
    assert kernels == [False] * (3 - changed) + [True] * changed
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(np.sort(one, axis=None), np.sort(other, axis=None))


def test_a_seed_gives_one_order():
    one, other = small_network(), small_network()
    other.set_weights(one.get_weights())
    for network in (one, other):
        shuffle_weights(network, 1.0, seed=1)
    for first, second in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
