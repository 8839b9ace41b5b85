"""Find the layer of a network that puts out most: it decides how much memory one image takes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras


def largest_output(network: keras.Model) -> tuple[int, str]:
    """Return the most values that one layer puts out for one image, and the name of that layer.

    >>> image = keras.Input((8, 8, 1), name="image")
    >>> largest_output(keras.Model(image, keras.layers.Conv2D(3, 3, padding="same", name="wide")(image)))
    (192, 'wide')
    """
    return max(_outputs(network))


def _outputs(network: keras.Model) -> Iterator[tuple[int, str]]:
    for operation in getattr(network, "operations", network.layers):  # a Sequential has layers alone
        if isinstance(operation, keras.Model):
            yield from _outputs(operation)
        for tensor in keras.tree.flatten(operation.output):
            yield math.prod(side or 1 for side in tensor.shape[1:]), operation.name
