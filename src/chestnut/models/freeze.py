"""Freeze the lower layers of a network, and cut it so that the frozen part is computed only once.

Networks without a backbone are trained as a whole and are never cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from chestnut.models.backbones import GATHER


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
    """Return the layers of a network's backbone in the order of `keras.applications`; empty without a backbone."""
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
            `keras.applications`, including layers without weights.

    Returns:
        The layers of the backbone that are trained, from the lowest to the top.
    """
    layers = backbone_layers(network)
    first = len(layers) - round(unfreeze * len(layers))
    trained = []
    for index, layer in enumerate(layers):
        layer.trainable = index >= first and not isinstance(layer, keras.layers.BatchNormalization)
        if layer.trainable_variables:
            trained.append(layer)
    return trained


def divide(network: keras.Model) -> Parts:
    """Cut a network after its frozen part, at the highest point where one tensor is all that the rest needs."""
    place = _cut(network)
    if place is None:
        return Parts(None, network)
    frozen = keras.Model(network.input, place.output, name="frozen")
    if not frozen.weights:
        return Parts(None, network)
    return Parts(frozen, keras.Model(place.output, network.output, name="trained"), place.name)


def _cut(network: keras.Model) -> keras.Operation | None:
    """Return the last operation after only frozen ones whose output is all that later operations need."""
    if not backbone_layers(network):
        return None
    last_use = {
        id(tensor): index for index, operation in enumerate(network.operations) for tensor in _inputs(operation)
    }
    best, needed_until = None, 0
    for index, operation in enumerate(network.operations[:-1]):
        if getattr(operation, "trainable_variables", []):
            break
        # A tensor from before this operation that is needed after it would also have to cross the cut
        if needed_until <= index:
            best = operation
        needed_until = max(needed_until, last_use[id(operation.output)])
    return best


def _inputs(operation: keras.Operation) -> list[keras.KerasTensor]:
    given = operation.input
    if isinstance(operation, keras.layers.InputLayer):
        return []
    return list(given) if isinstance(given, list | tuple) else [given]
