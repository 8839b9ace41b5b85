"""Freeze the lower layers of a network, and cut it so that the frozen part is computed only once.

Networks without a backbone are trained as a whole and are never cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import tree

from chestnut.models.gradients.flat_graph import run_graph
from chestnut.models.hub.depth import inner_layers, is_opened, list_depths, run_stack
from chestnut.models.hub.families import find_family
from chestnut.models.parts import GATHER


@dataclass(frozen=True)
class Parts:
    """A network in two parts that share its layers.

    Attributes:
        frozen: The part from the images to the cut, of which nothing is trained; None where there is no such part.
        trained: The part from the cut to the logits; the whole network where `frozen` is None.
        cut: The name of the last layer before the cut; empty without one.
    """

    frozen: keras.Model | None
    trained: keras.Model
    cut: str = ""


def backbone_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a network's backbone in the order of `keras.applications`; empty without a backbone.

    A backbone of keras-hub lies in the network as one, and its layers are those of `list_depths`.
    """
    for layer in network.layers:
        if find_family(layer):
            return list_depths(layer)
    names = [layer.name for layer in network.layers]
    if GATHER not in names or "preprocess" not in names:
        return []
    return list(network.layers[names.index("preprocess") + 1 : names.index(GATHER)])


def freeze(network: keras.Model, unfreeze: float) -> list[keras.layers.Layer]:
    """Freeze all layers but the head and the top share of the backbone.

    Batch normalisation is always frozen. In Keras that also keeps it in inference mode, with the statistics of the
    photographs, which a few batches of radiographs would spoil.

    Args:
        network: A network made by `build`.
        unfreeze: The share of the backbone's layers to train, in 0..1, counted from the top in the order of
            `keras.applications`, including layers without weights; a block of a transformer counts as a layer.

    Returns:
        The layers of the backbone that are trained, from the lowest to the top.
    """
    layers = backbone_layers(network)
    first = len(layers) - round(unfreeze * len(layers))
    trained = []
    for index, layer in enumerate(layers):
        layer.trainable = index >= first
        for inner in inner_layers(layer):
            if isinstance(inner, keras.layers.BatchNormalization):
                inner.trainable = False
        if layer.trainable_variables:
            trained.append(layer)
    return trained


def divide(network: keras.Model) -> Parts:
    """Cut a network after its frozen part, at the highest point where one tensor is all that the rest needs."""
    if not backbone_layers(network):
        return Parts(None, network)
    steps = _list_steps(network)
    place = _cut(steps)
    if place is None:
        return Parts(None, network)
    cut = steps[place].outputs[0]
    frozen = keras.Model(steps[0].outputs[0], cut, name="frozen")
    if not frozen.weights:
        return Parts(None, network)
    trained = keras.Model(cut, steps[-1].outputs[0], name="trained")
    return Parts(frozen, trained, steps[place].operation.name)


@dataclass(frozen=True)
class _Step:
    """An operation of a network with the tensors that it takes and gives in this network."""

    operation: Any
    inputs: list[Any]
    outputs: list[Any]


def _list_steps(network: keras.Model) -> list[_Step]:
    """Return the operations of a network in order, those of a keras-hub backbone in its place."""
    if not any(find_family(layer) for layer in network.layers):
        return [_Step(one, _inputs(one), tree.flatten(one.output)) for one in network.operations]
    steps: list[_Step] = []

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        if find_family(operation):
            return run_graph(operation, tree.flatten(args), call)
        if not kwargs and is_opened(operation):
            return run_stack(operation, args[0], call)
        outputs = operation(*args, **kwargs)
        steps.append(_Step(operation, tree.flatten([args, kwargs]), tree.flatten(outputs)))
        return outputs

    image = network.inputs[0]
    steps.append(_Step(network.layers[0], [], [image]))
    run_graph(network, [image], call)
    return steps


def _cut(steps: list[_Step]) -> int | None:
    """Return the last step after only frozen ones whose output is all that later steps need."""
    last_use = {id(tensor): index for index, step in enumerate(steps) for tensor in step.inputs}
    best, needed_until = None, 0
    for index, step in enumerate(steps[:-1]):
        if getattr(step.operation, "trainable_variables", []):
            break
        needed = [last_use[id(tensor)] for tensor in step.outputs if id(tensor) in last_use]
        # A tensor from before this step that is needed after it would also have to cross the cut
        if needed_until <= index and len(needed) == len(step.outputs) == 1:
            best = index
        needed_until = max(needed_until, *needed)
    return best


def _inputs(operation: keras.Operation) -> list[keras.KerasTensor]:
    return [] if isinstance(operation, keras.layers.InputLayer) else tree.flatten(operation.input)
