"""Shuffle the weights of a network from the top."""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras
import numpy as np


def shuffle_weights(network: keras.Model, share: float, seed: int) -> int:
    """Put the values of each weight tensor in the upper layers of a network into a random order, in place.

    So the weights keep their distribution, and lose what they have learned. Adebayo et al. 2018 (arXiv:1810.03292) draw
    them from that of the initialisation, which an imported network does not tell.

    Args:
        network: A Keras network.
        share: The share of the layers with weights to shuffle, from the top, in 0..1; at least the last one.
        seed: The seed of the order.

    Returns:
        The number of layers that were shuffled.
    """
    layers = list(_layers_with_weights(network))
    upper = layers[-max(1, math.ceil(share * len(layers))) :]
    random = np.random.default_rng(seed)
    for layer in reversed(upper):
        for variable in layer.weights:
            values = np.asarray(variable.numpy())
            if np.issubdtype(values.dtype, np.floating):
                variable.assign(random.permuted(values.ravel()).reshape(values.shape))
    return len(upper)


def _layers_with_weights(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers that have weights, those of nested networks in their place."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_with_weights(layer)
        elif layer.weights:
            yield layer
