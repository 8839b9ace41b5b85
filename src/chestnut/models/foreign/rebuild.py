"""Build a network from elsewhere in this version of Keras, as it was nested, with its weights."""

from __future__ import annotations

import warnings
from typing import Any

import keras

from chestnut.models.finite import describe_bad_weights
from chestnut.models.foreign.file import ForeignFile
from chestnut.models.foreign.graph import Graph
from chestnut.models.weights_file import load_weights_file

#: What Keras raises for configurations that describe no possible network.
FAULTS: tuple[type[Exception], ...] = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, AssertionError, UserWarning),
    OSError,
)


def rebuild(file: ForeignFile, graph: Graph) -> keras.Model:
    """Build the network of a file from its configuration, and load its weights.

    Args:
        file: The file.
        graph: Its network, with the size of its input.

    Raises:
        ValueError: The layers do not fit together, or the weights do not fit them.
    """
    config = graph.to_config()
    kind = {"Functional": keras.Model, "Sequential": keras.Sequential}[graph.kind]
    try:
        network = kind.from_config(config["config"])
    except FAULTS as error:
        raise ValueError(f"its layers do not fit together ({' '.join(str(error).split())[:200]})") from error
    load_weights_file(network, file.path)
    return network


def load_plainly(file: ForeignFile) -> keras.Model | None:
    """Load a file as Keras does by itself; None where this version of Keras cannot.

    Args:
        file: A file whose configuration was checked.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # weights that were not loaded show in the answers
            network = keras.saving.load_model(file.path, compile=False, safe_mode=True)
    except FAULTS:
        return None
    return None if describe_bad_weights(network) else network


def answer(network: Any, images: Any) -> Any:
    """Compute the outputs of a network for a few images, as arrays."""
    return keras.ops.convert_to_numpy(network(images, training=False))
