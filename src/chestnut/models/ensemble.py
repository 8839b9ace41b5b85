"""Join several networks to one that returns the mean of their calibrated probabilities.

Layers and operations are Keras's own, so a saved ensemble loads without chestnut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import keras
from keras import layers, ops

from chestnut.config import InputSpec

#: How the names of an ensemble's members begin, before their number.
_MEMBER: Final = "member_"


def join(members: Sequence[keras.Model], temperatures: Sequence[float], spec: InputSpec) -> keras.Model:
    """Build an ensemble.

    Its output is the logarithm of the mean, over members, of softmax(logits / temperature), computed as log-sum-exp.
    These are logits too: their softmax at temperature 1 is that mean. A member with one logit counts as one with two,
    of which the first is 0. Members keep their own scaling of pixels.

    Args:
        members: Networks from images to logits, shape (batch, classes) or (batch, 1). They are not changed. An ensemble
            can be saved only if no two of them share layers.
        temperatures: The temperature of each member, above 0, which divides its logits.
        spec: The input of the ensemble; a member with three channels gets one channel repeated.

    Returns:
        A network from images to logits, shape (batch, classes).
    """
    image = keras.Input(spec.shape, dtype="float32", name="image")
    each = [
        _log_probabilities(member, temperature, image, f"{_MEMBER}{number}")
        for number, (member, temperature) in enumerate(zip(members, temperatures, strict=True), start=1)
    ]
    mean = ops.logsumexp(ops.stack(each, axis=1), axis=1) - math.log(len(each))
    return keras.Model(image, mean, name="ensemble")


def _log_probabilities(
    member: keras.Model, temperature: float, image: keras.KerasTensor, name: str
) -> keras.KerasTensor:
    """Return the logarithms of a member's calibrated probabilities, shape (batch, classes)."""
    own = keras.Model(member.inputs[0], member.outputs[0], name=name)  # members of one recipe share their names
    given = image
    if own.input_shape[-1] != image.shape[-1]:
        given = layers.Concatenate(name=f"{name}_channels")([image] * own.input_shape[-1])
    logits = layers.Rescaling(1 / temperature, dtype="float32", name=f"{name}_calibrated")(own(given, training=False))
    if logits.shape[-1] == 1:
        logits = layers.Concatenate(name=f"{name}_both")([ops.zeros_like(logits), logits])
    return layers.Activation("log_softmax", dtype="float32", name=f"{name}_log")(logits)


def is_member(layer: keras.layers.Layer) -> bool:
    """Tell whether a layer of a network is a member of an ensemble, and not a block of which the network is built.

    >>> is_member(keras.layers.Dense(2)), is_member(keras.Sequential([keras.layers.Dense(2)], name="stem"))
    (False, False)
    """
    return isinstance(layer, keras.Model) and layer.name.removeprefix(_MEMBER).isdecimal()
