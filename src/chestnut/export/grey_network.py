"""Wrap a network so that it takes grey images as they are decoded, and gives its outputs by name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from chestnut.config import InputSpec
from chestnut.inference.onnx_engine import ACTIVATION, FEATURES, IMAGE, LOGITS
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


@contextlib.contextmanager
def constant_scales(network: Any) -> Iterator[None]:
    """Turn the means and variances of normalisations into arrays: the converter takes tensors for further inputs."""
    scales = [layer for layer in _all_layers(network) if isinstance(layer, keras.layers.Normalization)]
    kept = [(layer.mean, layer.variance) for layer in scales]
    for layer, (mean, variance) in zip(scales, kept, strict=True):
        layer.mean, layer.variance = np.asarray(mean), np.asarray(variance)
    try:
        yield
    finally:
        for layer, (mean, variance) in zip(scales, kept, strict=True):
            layer.mean, layer.variance = mean, variance


def _all_layers(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
