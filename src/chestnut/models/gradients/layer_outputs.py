"""`LayerOutputs`: what the layers of a network put out on the way to its logits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from chestnut.models.gradients.flat_graph import SEPARATOR, flatten
from chestnut.models.gradients.map_layer import MapLayer
from chestnut.models.hub.depth import inner_layers, is_block

Values = npt.NDArray[np.float32]

#: Layers that only gather, thin, frame or rearrange maps.
_PASSED = (
    *(layers.MaxPooling2D, layers.AveragePooling2D, layers.ZeroPadding2D, layers.Cropping2D, layers.Concatenate),
    *(layers.Dropout, layers.SpatialDropout2D, layers.Reshape, layers.Identity),
)
_CONVOLUTIONS = (layers.Conv2D, layers.SeparableConv2D)
_MEMBER = re.compile(rf"member_(\d+){SEPARATOR}")


class LayerOutputs:
    """What the layers of a network put out, from its first convolution on.

    Args:
        network: A network from images to logits, which may contain others; it is not changed.

    Attributes:
        layers: The layers that put out maps of more than one place, in order.

    Raises:
        ValueError: The network was never built.

    >>> image = keras.Input((8, 8, 1))
    >>> maps = keras.layers.MaxPooling2D()(keras.layers.Conv2D(3, 3, name="conv")(image))
    >>> network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(maps)))
    >>> LayerOutputs(network).layers
    (MapLayer(name='conv', kind='Conv2D', rows=6, columns=6, channels=3, member=0),)
    """

    def __init__(self, network: keras.Model) -> None:
        self._flat = flatten(network)
        self._found = dict(_find_map_layers(self._flat))
        self.layers = tuple(self._found)

    def compute(self, images: Values, names: Sequence[str]) -> list[Values]:
        """Return the maps of layers, each of shape (n, rows, columns, channels).

        Args:
            images: Images as the network takes them, shape (n, height, width, channels).
            names: Names of `layers`.
        """
        outputs = {layer.name: operation.output for layer, operation in self._found.items()}
        model = keras.Model(self._flat.inputs[0], [outputs[name] for name in names])
        found = model(keras.ops.convert_to_tensor(images.astype(np.float32)), training=False)
        return [np.asarray(keras.ops.convert_to_numpy(one), np.float32) for one in keras.tree.flatten(found)]

    def first_kernels(self, member: int = 0) -> Values | None:
        """Return the kernels of the first convolution, shape (rows, columns, channels, filters); None without one.

        Args:
            member: The number of an ensemble's member; 0 in other networks.
        """
        for layer, operation in self._found.items():
            if layer.member == member and isinstance(operation, layers.Conv2D):
                kernels = operation.get_weights()[0]
                return None if max(kernels.shape[:2]) == 1 else np.asarray(kernels, np.float32)
        return None


def _find_map_layers(flat: keras.Model) -> Iterator[tuple[MapLayer, Any]]:
    """Yield the layers that follow the first convolution of neighbours to several maps, each with its operation."""
    members: dict[int, int] = {}  # of each tensor that a convolution has made
    for operation in flat.operations:
        if isinstance(operation, layers.InputLayer):
            continue
        before = [members[id(one)] for one in keras.tree.flatten(operation.input) if id(one) in members]
        if not before and not _convolves(operation):
            continue
        own = _MEMBER.match(operation.name)
        member = int(own[1]) if own else next(iter(before), 0)
        members |= {id(tensor): member for tensor in keras.tree.flatten(operation.output)}
        output = operation.output
        if isinstance(operation, _PASSED) or not isinstance(output, keras.KerasTensor) or len(output.shape) != 4:
            continue
        _, rows, columns, channels = output.shape
        if rows * columns > 1:
            yield MapLayer(operation.name, type(operation).__name__, rows, columns, channels, member), operation


def _convolves(operation: Any) -> bool:
    """Tell whether an operation is a convolution of neighbours to several maps, which `hog-logistic` does not have."""
    if is_block(operation):
        return any(isinstance(layer, _CONVOLUTIONS) for layer in inner_layers(operation))
    if not isinstance(operation, _CONVOLUTIONS) or max(operation.kernel_size) == 1:
        return False
    return bool(operation.output.shape[-1] > 1)
