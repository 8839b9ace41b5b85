"""Wrap a network so that it takes grey images as they are decoded, and gives its outputs by name."""

from __future__ import annotations

from typing import Any

import keras

from chestnut.config import InputSpec
from chestnut.inference.engines.onnx_engine import ACTIVATION, FEATURES, IMAGE, LOGITS
from chestnut.models.activation import class_activation
from chestnut.models.features import with_features


def from_grey(network: Any, spec: InputSpec) -> Any:
    """Return a network that takes decoded images, uint8 of shape (n, height, width), and gives its outputs by name.

    Layers that change images or drop values at random, in training alone, do nothing in it.
    """
    image = keras.Input((spec.height, spec.width), dtype="uint8", name=IMAGE)
    colours = keras.ops.repeat(keras.ops.expand_dims(keras.ops.cast(image, "float32"), -1), spec.channels, axis=-1)
    maps = class_activation(network)
    joined = keras.Model(network.inputs[0], [with_features(network).outputs[0], *([] if maps is None else [maps])])
    both, *rest = _as_list(joined(colours, training=False))
    logits = network.output_shape[-1]
    named = {LOGITS: both[:, -logits:], FEATURES: both[:, :-logits]}
    return keras.Model(image, named | ({ACTIVATION: rest[0]} if rest else {}))


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
