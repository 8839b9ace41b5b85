"""Find the last maps of a network: what its last convolution saw, place by place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

from chestnut.models.gradients.flat_graph import SEPARATOR
from chestnut.models.hub.depth import inner_layers, is_block

#: Layers behind the last maps that only gather, thin or rearrange them.
_PASSED = (
    *(layers.MaxPooling2D, layers.AveragePooling2D, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D),
    *(layers.Dropout, layers.SpatialDropout2D, layers.Flatten, layers.Reshape, layers.Identity),
)

_CONVOLUTIONS = (layers.Conv2D, layers.SeparableConv2D)


def find_last_maps(flat: keras.Model) -> list[Any]:
    """Return the last operations of a network that put out maps, one for each member of an ensemble that has any.

    Args:
        flat: A network without networks inside.

    >>> image = keras.Input((8, 8, 1))
    >>> maps = keras.layers.MaxPooling2D()(keras.layers.Conv2D(3, 3, name="conv")(image))
    >>> network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(maps)))
    >>> [operation.name for operation in find_last_maps(network)]
    ['conv']
    """
    found: dict[str, Any] = {}
    seen: set[int] = set()
    for operation in flat.operations:
        given = list(_inputs(operation))
        if _convolves(operation) or any(id(tensor) in seen for tensor in given):
            seen |= {id(tensor) for tensor in keras.tree.flatten(operation.output)}
            if _is_map(operation):
                found[_member(operation.name)] = operation
    return [found[name] for name in sorted(found)]


def _convolves(operation: Any) -> bool:
    """Tell whether an operation is a convolution of neighbours to several maps, which `hog-logistic` does not have."""
    if is_block(operation):
        return any(isinstance(layer, _CONVOLUTIONS) for layer in inner_layers(operation))
    return bool(isinstance(operation, _CONVOLUTIONS) and operation.filters > 1 and max(operation.kernel_size) > 1)


def _is_map(operation: Any) -> bool:
    output = operation.output
    if isinstance(operation, _PASSED) or not isinstance(output, keras.KerasTensor) or len(output.shape) != 4:
        return False
    return bool(output.shape[1] * output.shape[2] > 1)


def _inputs(operation: Any) -> Iterator[Any]:
    if not isinstance(operation, layers.InputLayer):
        yield from keras.tree.flatten(operation.input)


def _member(name: str) -> str:
    return name.partition(SEPARATOR)[0] if SEPARATOR in name else ""
