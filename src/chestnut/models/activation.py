"""The class activation maps of a network: which places of the image speak for each class."""

from __future__ import annotations

import keras
from keras import layers

#: Layers that change nothing when a network predicts.
_IDENTITIES = (layers.Dropout, layers.Activation)


def class_activation(network: keras.Model) -> keras.KerasTensor | None:
    """Return the class activation maps of a network, shape (n, logits, rows, columns), or None if it has none.

    Where the last layer is dense and takes the averages of maps, a logit is the average of these maps, weighted by the
    layer's weights, plus its bias: the weighted maps say exactly how much each place adds (Zhou et al. 2016,
    arXiv:1512.04150).

    >>> image = keras.Input((8, 8, 1))
    >>> maps = keras.layers.Conv2D(3, 3)(image)
    >>> network = keras.Model(image, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps)))
    >>> class_activation(network).shape
    (None, 2, 6, 6)
    """
    last = network.layers[-1]
    if not isinstance(last, layers.Dense) or last.activation is not keras.activations.linear:
        return None
    source = _source(network, last.input)
    while isinstance(source, _IDENTITIES) and _is_identity(source):
        source = _source(network, source.input)
    if not isinstance(source, layers.GlobalAveragePooling2D):
        return None
    maps = keras.ops.cast(source.input, "float32")
    weighted = keras.ops.matmul(maps, keras.ops.convert_to_tensor(last.kernel))
    return keras.ops.transpose(weighted, (0, 3, 1, 2))


def _is_identity(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, layers.Dropout) or layer.activation is keras.activations.linear


def _source(network: keras.Model, tensor: keras.KerasTensor) -> keras.layers.Layer | None:
    """Return the layer of a network that puts out a tensor."""
    return next((layer for layer in network.layers if layer.output is tensor), None)
