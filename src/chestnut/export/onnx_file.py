"""Write a network as an ONNX file that takes grey images as they are decoded."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from chestnut.config import InputSpec
from chestnut.errors import BundleError, in_one_line
from chestnut.inference.onnx_engine import ACTIVATION, FEATURES, IMAGE, LOGITS
from chestnut.models.activation import class_activation
from chestnut.models.device import backend
from chestnut.models.features import with_features

#: The version of ONNX's operators: the newest that Keras's converter writes and ONNX Runtime takes.
OPSET: Final = 18


def write_onnx(network: Any, spec: InputSpec, path: Path) -> None:
    """Write a network as an ONNX file.

    The file contains all that is done to decoded images. Its input `image` is uint8 of shape (n, height, width), for
    any n. Its outputs are `logits`, `features` (see `with_features`) and, where the network averages maps before its
    last layer, `activation` (see `class_activation`).

    Args:
        network: A Keras network that turns images (n, height, width, channels), 0..255, into logits.
        spec: Its input.
        path: The file to write.

    Raises:
        BundleError: The network cannot be converted.
    """
    if backend() != "tensorflow":
        from chestnut.export.other_backend import write_in_tensorflow

        write_in_tensorflow(network, spec, path)
        return
    grey = from_grey(network, spec)
    grey(np.zeros((1, spec.height, spec.width), np.uint8))  # Keras exports no network that was never called
    try:
        with quiet_conversion(), _constant_scales(grey):
            grey.export(path, format="onnx", verbose=False, opset_version=OPSET)
    except Exception as error:
        raise BundleError(f"the network cannot be written as ONNX ({in_one_line(error)})") from error


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
def _constant_scales(network: Any) -> Iterator[None]:
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


@contextlib.contextmanager
def quiet_conversion() -> Iterator[None]:
    """Keep what converters say about themselves from the user."""
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow", "absl")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _main(stored: str, spec: str, path: str) -> None:
    """Convert a network that was stored as a `.keras` file."""
    from chestnut.inference.keras_engine import load_network

    write_onnx(load_network(Path(stored)), InputSpec.model_validate_json(spec), Path(path))


if __name__ == "__main__":
    _main(*sys.argv[1:])
