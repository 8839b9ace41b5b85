"""Which layers of a network are trained, and where it can be cut so that the frozen part is computed once.

Called by `training`. Networks without a backbone are trained whole and are never cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from chestnut.models.backbones import GATHER


@dataclass(frozen=True)
class Parts:
    """A network in two parts that share its layers.

    Attributes:
        frozen: From images to the cut, nothing in it is trained; None where there is nothing worth cutting off.
        trained: From the cut to the logits; the whole network where `frozen` is None.
        cut: Name of the layer that the cut lies behind; empty without one.
    """

    frozen: keras.Model | None
    trained: keras.Model
    cut: str = ""


def backbone_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a network's backbone from the image on, as `keras.applications` lists them; none without one."""
    names = [layer.name for layer in network.layers]
    if GATHER not in names or "preprocess" not in names:
        return []
    return list(network.layers[names.index("preprocess") + 1 : names.index(GATHER)])


def freeze(network: keras.Model, unfreeze: float) -> list[keras.layers.Layer]:
    """Let only the head and the top share of the backbone's layers be trained.

    Batch normalisation is never trained: in Keras that also keeps it in inference mode, with the statistics of its
    photographs, which a few batches of radiographs would spoil.

    Args:
        network: A network made by `build`.
        unfreeze: Share of the backbone's layers to train, 0..1, counted from the top as `keras.applications` lists
            them, layers without weights included.

    Returns:
        The backbone's layers that are trained, from the lowest to the top.
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
    """Cut a network behind its frozen part: as high as one tensor carries all that the trained part needs."""
    place = _cut(network)
    if place is None:
        return Parts(None, network)
    frozen = keras.Model(network.input, place.output, name="frozen")
    if not frozen.weights:
        return Parts(None, network)
    return Parts(frozen, keras.Model(place.output, network.output, name="trained"), place.name)


def _cut(network: keras.Model) -> keras.Operation | None:
    """The last operation, with nothing trained up to it, whose output alone is needed by those after it."""
    if not backbone_layers(network):
        return None
    last_use = {
        id(tensor): index for index, operation in enumerate(network.operations) for tensor in _inputs(operation)
    }
    best, needed_until = None, 0
    for index, operation in enumerate(network.operations[:-1]):
        if getattr(operation, "trainable_variables", []):
            break
        # What was made before this operation, and is needed after it, would have to cross the cut as well
        if needed_until <= index:
            best = operation
        needed_until = max(needed_until, last_use[id(operation.output)])
    return best


def _inputs(operation: keras.Operation) -> list[keras.KerasTensor]:
    given = operation.input
    if isinstance(operation, keras.layers.InputLayer):
        return []
    return list(given) if isinstance(given, list | tuple) else [given]
