"""The features of a network: what its last layer decides by, and what its last convolution saw on average.

The last features alone are few and trained to tell the classes apart, so that much that is unlike both classes has
usual features. The averages of the last convolution keep more of what an image is like.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import keras
from keras import layers

from chestnut.models.ensemble import is_member
from chestnut.models.hub.families import find_family
from chestnut.models.parts import GATHER

#: The most values of one layer that are taken; of more, every second, third or later one is.
_MOST = 4096

#: The layer of a `pca-svm` that is taken in place of its last features: far from all support vectors those are all 0.
_COMPONENTS = "components"


def with_features(network: keras.Model) -> keras.Model:
    """Return a network whose output is the features of an image, followed by its logits, float32.

    Features of an ensemble are those of all its members, one after the other.

    Args:
        network: A network from images to logits, which shares its layers and weights with the result.

    >>> image = keras.Input((8, 8, 1))
    >>> seen = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(image))
    >>> network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Dense(5)(seen)))
    >>> with_features(network).output_shape  # 5 of the last layer's input, 3 of the convolution, 2 logits
    (None, 10)
    """
    image = network.inputs[0]
    return keras.Model(image, _join([*_features(network, image), network.outputs[0]]))


def _features(network: keras.Model, image: keras.KerasTensor) -> Iterator[keras.KerasTensor]:
    """Yield the features of a network for its own input, or those of its members for theirs."""
    members = sorted((layer for layer in network.layers if is_member(layer)), key=lambda one: one.name)
    for member in members:
        own = member.inputs[0]
        given = image if own.shape[-1] == image.shape[-1] else _join([image] * own.shape[-1])
        yield keras.Model(own, _join(list(_features(member, own))), name=_name())(given, training=False)
    if not members:
        yield from _own_features(network, image.shape[-1])


def _own_features(network: keras.Model, channels: int) -> Iterator[keras.KerasTensor]:
    named = {layer.name: layer for layer in network.layers}
    yield _thin(named[_COMPONENTS].output if _COMPONENTS in named else network.layers[-1].input)
    if any(find_family(layer) for layer in network.layers):
        yield named[GATHER].output
        return
    maps = [layer.output for layer in network.layers if _is_map(layer, channels)]
    if maps:
        yield layers.GlobalAveragePooling2D(dtype="float32", name=_name())(maps[-1])


def _is_map(layer: keras.layers.Layer, channels: int) -> bool:
    """Tell whether a layer puts out maps of features, not the image itself."""
    if isinstance(layer, keras.Model):  # a block of layers, whose `output` is that of its own, not of the network
        return False
    output = layer.output
    return isinstance(output, keras.KerasTensor) and len(output.shape) == 4 and output.shape[-1] > channels


def _thin(values: keras.KerasTensor) -> keras.KerasTensor:
    flat = values if len(values.shape) == 2 else layers.Flatten(name=_name())(values)
    step = -(-flat.shape[-1] // _MOST)
    return flat if step == 1 else flat[:, ::step]


def _join(parts: list[keras.KerasTensor]) -> keras.KerasTensor:
    return parts[0] if len(parts) == 1 else layers.Concatenate(dtype="float32", name=_name())(parts)


def _name() -> str:
    """Return a name that no layer of a loaded network has, as Keras numbers the layers of each process from 0."""
    return f"feature_{uuid.uuid4().hex}"
