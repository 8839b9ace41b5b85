"""Draw the weights of a network anew, from the top."""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras
import numpy as np
import numpy.typing as npt


def redraw_weights(network: keras.Model, share: float, seed: int) -> int:
    """Give the upper layers of a network random weights in place, as in a network that has not been trained.

    Kernels are drawn from a normal distribution of variance 2 / inputs, with which values neither fade nor grow from
    layer to layer (He et al. 2015, arXiv:1502.01852), and biases are 0. Batch normalisation changes nothing any more.
    Whatever the network was initialised with, which an imported one does not tell, this is the cascade of Adebayo et
    al. 2018 (arXiv:1810.03292).

    Args:
        network: A Keras network.
        share: The share of the layers with weights to draw anew, from the top, in 0..1; at least the last one.
        seed: The seed of the weights.

    Returns:
        The number of layers whose weights were drawn.
    """
    layers = list(_layers_with_weights(network))
    upper = layers[-max(1, math.ceil(share * len(layers))) :]
    random = np.random.default_rng(seed)
    for layer in reversed(upper):
        if isinstance(layer, keras.layers.BatchNormalization):
            plain = {"beta": 0.0, "moving_mean": 0.0}
            layer.set_weights([np.full(one.shape, plain.get(one.name, 1.0), np.float32) for one in layer.weights])
        else:
            layer.set_weights([_draw(np.asarray(value), random) for value in layer.get_weights()])
    return len(upper)


def _draw(value: npt.NDArray[np.floating], random: np.random.Generator) -> npt.NDArray[np.floating]:
    if value.ndim < 2:
        return np.zeros_like(value)
    *window, inputs, outputs = value.shape
    # A kernel of (height, width, channels, 1) belongs to a depthwise convolution, which sees one channel at a time
    seen = math.prod(window) * (1 if window and outputs == 1 else inputs)
    return random.normal(0, math.sqrt(2 / seen), value.shape).astype(value.dtype)


def _layers_with_weights(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers that learn, those of nested networks in their place."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_with_weights(layer)
        elif layer.weights and not isinstance(layer, keras.layers.Normalization):
            yield layer
