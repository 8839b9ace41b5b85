"""`Probe`: a copy of a network that also gives its last maps, and the gradients of its logits."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from chestnut.models.gradients.differentiate import differentiate
from chestnut.models.gradients.flat_graph import flatten, run_graph
from chestnut.models.gradients.last_maps import find_last_maps

Values = npt.NDArray[np.float32]


class MapGradients(NamedTuple):
    """The last maps of a network, or of a member of an ensemble.

    Attributes:
        maps: The values, shape (n, rows, columns, channels).
        gradients: How much the score changes with each value, of the same shape.
    """

    maps: Values
    gradients: Values


class Probe:
    """A copy of a network that also gives its last maps, and the gradients of its logits.

    A zero is added to each of the last maps. The gradient for that zero is the gradient for the map, on whatever way
    the map reaches the logits: through branches, out of a block, or from inside a nested network.

    Args:
        network: A network from images to logits; it is not changed.

    Raises:
        ValueError: The network was never built.
    """

    def __init__(self, network: keras.Model) -> None:
        flat = flatten(network)
        last = find_last_maps(flat)
        self.names = tuple(operation.name for operation in last)
        self._shapes = [operation.output.shape[1:] for operation in last]
        image = keras.Input(flat.input_shape[1:], dtype="float32", name="image")
        added = {id(operation): keras.Input(shape) for operation, shape in zip(last, self._shapes, strict=True)}
        maps: dict[int, Any] = {}

        def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
            output = operation(*args, **kwargs)
            if id(operation) in added:
                add = keras.layers.Add(name=f"probe_{uuid.uuid4().hex}")  # Keras numbers its own names from 0 again
                output = maps[id(operation)] = add([output, added[id(operation)]])
            return output

        logits = run_graph(flat, [image], call)
        inputs = [image, *added.values()]
        self._model = keras.Model(inputs, [logits, *(maps[key] for key in added)])
        self._map_step = differentiate(self._model, list(range(1, len(inputs))))
        self._image_step = differentiate(self._model, [0])

    def differentiate_maps(self, images: Values, direction: Values) -> tuple[Values, list[MapGradients]]:
        """Compute logits, the last maps, and how a score changes with them.

        Args:
            images: Images as the network takes them, shape (n, height, width, channels).
            direction: The weight of each logit in the score of each image, shape (n, logits).

        Returns:
            The logits, shape (n, logits), and the last maps of the network, or of each member that has any.
        """
        outputs, gradients = self._map_step(self._inputs(images), direction)
        pairs = [MapGradients(*pair) for pair in zip(outputs[1:], gradients, strict=True)]
        return outputs[0], pairs

    def differentiate_image(self, images: Values, direction: Values) -> tuple[Values, Values]:
        """Compute logits, and how a score changes with the values of the image, of the shape of the images."""
        outputs, (gradient,) = self._image_step(self._inputs(images), direction)
        return outputs[0], gradient

    def _inputs(self, images: Values) -> list[Values]:
        zeros = [np.zeros((len(images), *shape), np.float32) for shape in self._shapes]
        return [np.asarray(images, np.float32), *zeros]
