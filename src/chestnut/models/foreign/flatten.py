"""Make one flat network of logits of a network from elsewhere, which may contain others and end in any head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from chestnut.config.imported import SCALES, Scale
from chestnut.models.foreign.graph import Graph, Part, Ref


def flatten(graph: Graph, network: keras.Model, scale: Scale) -> keras.Model:
    """Return a network without networks inside, whose layers have the weights of another's.

    Layers that do nothing when a network predicts are left out. The network scales grey values itself.

    Args:
        graph: What the other network consists of.
        network: The other network.
        scale: The range of the grey values that the other network takes.

    Returns:
        A network from grey values 0..255 to the outputs of the other network.
    """
    image = keras.Input(network.input_shape[1:], dtype="float32", name="image")
    factor, offset = SCALES[scale]
    start = image if (factor, offset) == (1.0, 0.0) else layers.Rescaling(factor, offset, name="scale")(image)
    builder = _Builder()
    flat = keras.Model(image, builder.inline(graph, network, start, ""), name="imported")
    for made, source in builder.copies:
        made.set_weights(source.get_weights())
    return flat


class _Builder:
    def __init__(self) -> None:
        self.copies: list[tuple[Any, Any]] = []
        self._names = {"image", "scale", "logits"}

    def inline(self, graph: Graph, network: keras.Model, start: keras.KerasTensor, prefix: str) -> keras.KerasTensor:
        """Return the output of a network for an input, computed by copies of its layers."""
        done: dict[Ref, keras.KerasTensor] = {(graph.input, 0): start}
        calls = {part.name: self._callable(part, network, prefix) for part in graph.parts}
        todo = [(part.name, number, given) for part in graph.parts for number, given in enumerate(part.calls)]
        while todo:
            ready = [one for one in todo if all(ref in done for ref in one[2])]
            if not ready:
                raise ValueError("its layers are given outputs in a circle")
            for name, number, given in ready:
                inputs = [done[ref] for ref in given]
                done[name, number] = calls[name](inputs[0] if len(inputs) == 1 else inputs)
            todo = [one for one in todo if one not in ready]
        return done[graph.output]

    def _callable(self, part: Part, network: keras.Model, prefix: str) -> Callable[[Any], keras.KerasTensor]:
        source = network.get_layer(part.name)
        if part.inner is not None:
            inner = part.inner
            return lambda given: self.inline(inner, source, given, f"{prefix}{part.name}_")
        if part.kind == "Dropout":
            return lambda given: given
        name = self._free(part.name, prefix)
        if isinstance(source, layers.Normalization):
            return _copy_normalization(source, name)
        made: Callable[[Any], keras.KerasTensor] = type(source).from_config(source.get_config() | {"name": name})
        self.copies.append((made, source))
        return made

    def _free(self, name: str, prefix: str) -> str:
        """Return a name that no layer of the flat network has yet."""
        tried, number = [name, f"{prefix}{name}"], 1
        while tried[0] in self._names:
            tried = [*tried[1:], f"{prefix}{name}_{number}"]
            number += 1
        self._names.add(tried[0])
        return tried[0]


def _copy_normalization(source: Any, name: str) -> Callable[[Any], keras.KerasTensor]:
    """Return a normalisation by the mean and variance that another one learnt."""
    if source.input_mean is None:
        source.finalize_state()
    mean, variance = (np.ravel(keras.ops.convert_to_numpy(one)).tolist() for one in (source.mean, source.variance))
    made: Callable[[Any], keras.KerasTensor]
    made = layers.Normalization(source.axis, mean=mean, variance=variance, invert=source.invert, name=name)
    return made


def with_logits(network: keras.Model, classes: int) -> tuple[keras.Model, str]:
    """Return a network whose outputs are logits in place of probabilities, and the name of its head.

    Args:
        network: A network that ends in one sigmoid for two classes, or in a softmax.
        classes: The number of classes.

    Returns:
        The network, which shares all layers but the last, and `sigmoid` or `softmax`.

    Raises:
        ValueError: It ends in something else.
    """
    last = _source(network, network.outputs[0])
    head, features, kernel, bias = _open_head(network, last)
    width = kernel.shape[-1]
    if head == "sigmoid" and width == 1 and classes == 2:
        pass
    elif head != "softmax" or width != classes:
        raise ValueError(
            f"it ends in {width} {head} output{'s' if width > 1 else ''} (layer {last.name!r}), and classes names "
            f"{classes}; one sigmoid for two classes, or a softmax with an output for each class, can be imported"
        )
    made = layers.Dense(width, dtype="float32", name="logits")
    flat = keras.Model(network.inputs[0], made(features), name=network.name)
    made.set_weights([kernel, bias])
    return flat, head


def reorder(network: keras.Model, order: Sequence[int]) -> None:
    """Change the order of the classes in the last layer of a network of logits.

    Args:
        network: A network that `with_logits` returned.
        order: The number of the old class for each new one.
    """
    made = network.get_layer("logits")
    kernel, bias = made.get_weights()
    if kernel.shape[-1] > 1:
        made.set_weights([kernel[:, list(order)], bias[list(order)]])
    elif list(order) == [1, 0]:  # the logit of one class is the other's with the opposite sign
        made.set_weights([-kernel, -bias])


def _open_head(network: keras.Model, last: Any) -> tuple[str, keras.KerasTensor, npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the kind of a head, the features that its logits are made of, and the weights that do it."""
    if isinstance(last, layers.Dense):
        return _activation(last), last.input, *_weights(last)
    if not isinstance(last, layers.Activation | layers.Softmax):
        raise ValueError(
            f"it ends in the layer {getattr(last, 'name', '?')!r}, a {type(last).__name__}; a sigmoid or a softmax is "
            "needed"
        )
    if isinstance(last, layers.Softmax) and last.axis not in (-1, 1):
        raise ValueError(f"its softmax {last.name!r} is over the axis {last.axis}, not over the classes")
    head = "softmax" if isinstance(last, layers.Softmax) else _activation(last)
    before = _source(network, last.input)
    if isinstance(before, layers.Dense) and _activation(before) == "linear":
        return head, before.input, *_weights(before)
    width = last.output.shape[-1]
    return head, last.input, np.eye(width, dtype=np.float32), np.zeros(width, np.float32)


def _activation(layer: Any) -> str:
    return str(layer.activation.__name__)


def _weights(dense: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    kernel, *bias = dense.get_weights()
    return kernel, bias[0] if bias else np.zeros(kernel.shape[-1], np.float32)


def _source(network: keras.Model, tensor: keras.KerasTensor) -> Any:
    """Return the layer of a network that puts out a tensor."""
    return next((layer for layer in network.layers if layer.output is tensor), None)
