"""Write a Keras network as ONNX, node by node, under any backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from chestnut.export.graph.graph import Graph, UnknownPartError, Value
from chestnut.export.graph.layers import LAYERS
from chestnut.export.graph.operations import OPERATIONS


def write_graph(network: Any, opset: int) -> bytes:
    """Return the content of an ONNX file that computes what a network computes when it predicts.

    Args:
        network: A Keras network with one input, and a dictionary of outputs.
        opset: The version of ONNX's operators.

    Raises:
        UnknownPartError: The network has a part for which there is no rule.

    >>> image = keras.Input((4,), name="image")
    >>> network = keras.Model(image, {"logits": keras.layers.Dense(2)(image)})
    >>> len(write_graph(network, 18)) > 100
    True
    """
    graph = Graph(opset)
    (given,) = network.inputs
    found = _run(graph, network, Value(given.name))
    shapes = {name: tensor.shape for name, tensor in network.output.items()}
    outputs = {name: (graph.value(value), shapes[name]) for name, value in found.items()}
    return graph.serialize({given.name: (str(given.dtype), given.shape)}, outputs)


def _run(graph: Graph, network: Any, inputs: Any) -> Any:
    """Add a network, which may be a part of another one, and return its outputs."""
    if isinstance(network, keras.Sequential):
        for layer in network.layers:
            inputs = _rule(graph, layer)(inputs)
        return inputs
    if not hasattr(network, "_run_through_graph"):
        raise UnknownPartError(f"the network {type(network).__name__}")
    # the walk by which Keras computes such a network itself, with rules in place of the operations
    return network._run_through_graph(inputs, operation_fn=lambda operation: _rule(graph, operation))


def _rule(graph: Graph, operation: Any) -> Callable[..., Any]:
    """Return what adds an operation to a graph."""
    if isinstance(operation, keras.Model):
        return lambda inputs, **options: _run(graph, operation, inputs)
    name, is_layer = type(operation).__name__, isinstance(operation, keras.layers.Layer)
    rule = (LAYERS if is_layer else OPERATIONS).get(name)
    if rule is None or not type(operation).__module__.startswith("keras."):
        raise UnknownPartError(f"{'the layer' if is_layer else 'the operation'} {name}")
    if is_layer:
        return lambda inputs, **options: rule(graph, operation, inputs)
    return lambda *inputs: rule(graph, operation, *(_plain(one) for one in inputs))


def _plain(given: Any) -> Any:
    """Return weights of a backend as an array; anything else as it is."""
    if isinstance(given, Value | list | tuple | slice | int | float | np.ndarray):
        return given
    return np.asarray(keras.ops.convert_to_numpy(given), np.float32)
