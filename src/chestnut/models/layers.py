"""The layers of a network as a table: names, kinds, shapes and parameters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network.

    Attributes:
        layer: The layer's name.
        kind: The layer's class in Keras.
        output: The shape of what it puts out for one image; for several outputs, that of the first.
        parameters: The number of parameters.
        trained: How many of the parameters training changes.
    """

    layer: str
    kind: str
    output: tuple[int | None, ...]
    parameters: int
    trained: int

    def to_dict(self) -> dict[str, Any]:
        """Return the row for JSON; the keys are the attributes."""
        return asdict(self)


def layer_rows(network: keras.Model) -> list[LayerRow]:
    """Return one row a layer, in the order in which `network.summary()` lists them.

    >>> image = keras.Input((8, 8, 1), name="image")
    >>> flat = keras.layers.Flatten(name="flat")(image)
    >>> network = keras.Model(image, keras.layers.Dense(2, name="logits")(flat))
    >>> layer_rows(network)[-1]
    LayerRow(layer='logits', kind='Dense', output=(2,), parameters=130, trained=130)
    """
    return [
        LayerRow(
            layer=layer.name,
            kind=type(layer).__name__,
            output=_shape(layer.output),
            parameters=layer.count_params(),
            trained=int(sum(np.prod(variable.shape) for variable in layer.trainable_variables)),
        )
        for layer in network.layers
    ]


def _shape(output: Any) -> tuple[int | None, ...]:
    first = output[0] if isinstance(output, (list, tuple)) else output
    return tuple(first.shape[1:])
