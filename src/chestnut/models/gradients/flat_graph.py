"""Copy a network so that no networks are left inside it, in float32."""

from __future__ import annotations

from typing import Any

import keras
from keras import tree

from chestnut.models.ensemble import is_member
from chestnut.models.hub.families import find_family

#: Between the names of a member of an ensemble and of its layers.
SEPARATOR = "__"


def flatten(network: keras.Model) -> keras.Model:
    """Return a copy of a network whose layers are all at the top level, in float32.

    The output of a layer inside a nested network belongs to another graph than the logits, so that no gradient joins
    them. The network itself is not changed. Layers of a member of an ensemble have its name before their own.

    Args:
        network: A network from images to logits, which may contain others.

    Raises:
        ValueError: The network was never built, so that it has no layers to copy.

    >>> image = keras.Input((8, 8, 1))
    >>> inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 3, name="conv")])
    >>> flat = flatten(keras.Model(image, keras.layers.Flatten(name="flat")(inner(image))))
    >>> [layer.name for layer in flat.layers]
    ['image', 'conv', 'flat']
    """
    graph = _as_graph(network)
    image = keras.Input(graph.input_shape[1:], dtype="float32", name="image")
    copier = _Copier()
    flat = keras.Model(image, copier.inline(graph, [image], ""))
    for copy, source in copier.copies:
        copy.set_weights(source.get_weights())
    return flat


def run_graph(network: Any, inputs: list[Any], call: Any) -> Any:
    """Call the operations of a network one after another.

    Args:
        network: A network that is a graph of operations.
        inputs: Its inputs.
        call: Is called with each operation and its arguments, and returns the outputs.

    Returns:
        The outputs of the network.
    """
    # Keras has no public way to do this with operations that are no layers
    return network._run_through_graph(inputs, call_fn=call)


def _as_graph(network: keras.Model) -> keras.Model:
    """Return a network as a graph of layers; one made of a sequence of layers is one, too.

    Raises:
        ValueError: It was never built.
    """
    if not network.built or not getattr(network, "inputs", None):
        raise ValueError(
            f"the network {network.name} was never built, so its layers have no outputs; call "
            f"build((None, height, width, channels)), or give its first layer an input"
        )
    if isinstance(network, keras.Sequential):
        return keras.Model(network.inputs, network.outputs, name=network.name)
    return network


def _call(operation: Any, *args: Any, **kwargs: Any) -> Any:
    return operation(*args, **kwargs)


class _Copier:
    """Copies layers; one that is called twice is copied once.

    Attributes:
        copies: Each copy with the layer whose weights it takes.
    """

    def __init__(self) -> None:
        self.copies: list[tuple[Any, Any]] = []
        self._made: dict[int, Any] = {}
        self._names: set[str] = {"image"}

    def inline(self, graph: Any, inputs: list[Any], prefix: str) -> Any:
        """Return the outputs of a network for inputs, computed by copies of its layers."""

        def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
            if find_family(operation):
                return run_graph(self._copy_backbone(operation), tree.flatten(args), _call)
            if isinstance(operation, keras.Model):
                inner = f"{prefix}{operation.name}{SEPARATOR}" if is_member(operation) else prefix
                return self.inline(_as_graph(operation), tree.flatten(args), inner)
            kwargs.pop("training", None)
            return self._copy(operation, prefix)(*args, **kwargs)

        return run_graph(graph, inputs, call)

    def _copy(self, operation: Any, prefix: str) -> Any:
        if not isinstance(operation, keras.Layer):
            return operation
        if id(operation) not in self._made:
            settings = operation.get_config() | {"name": self._free(operation.name, prefix), "dtype": "float32"}
            copy = type(operation).from_config(settings)
            self._made[id(operation)] = copy
            self.copies.append((copy, operation))
        return self._made[id(operation)]

    def _copy_backbone(self, backbone: Any) -> Any:
        """Return a copy of a keras-hub backbone, whose own layers cannot be copied one by one."""
        if id(backbone) not in self._made:
            copy = type(backbone).from_config(backbone.get_config() | {"dtype": "float32"})
            copy.set_weights(backbone.get_weights())
            self._made[id(backbone)] = copy
        return self._made[id(backbone)]

    def _free(self, name: str, prefix: str) -> str:
        """Return a name that no layer has yet."""
        free, number = f"{prefix}{name}", 1
        while free in self._names:
            free, number = f"{prefix}{name}_{number}", number + 1
        self._names.add(free)
        return free
