"""Weights drawn anew: from the top, the rest as it was, and values that neither fade nor grow."""

import numpy as np
import pytest

from chestnut.models.redrawn.weights import redraw_weights


def small_network():
    """Return a network with a nested one of two layers, batch normalisation, and a layer on top."""
    import keras
    from keras import layers

    inner = keras.Sequential([layers.Input((16, 16, 1)), layers.Conv2D(32, 3), layers.Conv2D(32, 3)])
    image = layers.Input((16, 16, 1))
    x = layers.ReLU()(layers.BatchNormalization()(inner(image)))
    network = keras.Model(image, layers.Dense(64)(layers.Flatten()(x)))
    network.set_weights([np.full(one.shape, 7, np.float32) for one in network.get_weights()])
    return network


@pytest.mark.parametrize(("share", "changed"), [(0.0, 1), (0.5, 2), (0.75, 3), (1.0, 4)])
def test_the_upper_layers_are_drawn_and_the_others_stay(share, changed):
    network = small_network()
    assert redraw_weights(network, share, seed=3) == changed
    learned = [one for one in network.layers if one.weights]
    kept = [bool(np.all(value == 7)) for layer in learned for value in layer.get_weights()]
    assert kept == {1: [True] * 8 + [False] * 2, 2: [True] * 4 + [False] * 6, 3: [True] * 2 + [False] * 8}.get(
        changed, [False] * 10
    )


def test_values_neither_fade_nor_grow_and_a_seed_gives_one_network():
    one, other = small_network(), small_network()
    for network in (one, other):
        redraw_weights(network, 1.0, seed=1)
    images = np.random.default_rng(0).random((4, 16, 16, 1), np.float32)
    answers = np.asarray(one(images))
    assert 0.3 < answers.std() < 3
    np.testing.assert_array_equal(answers, np.asarray(other(images)))
