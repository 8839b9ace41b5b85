"""Let layers compute by operations that converters know, while a network is converted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from chestnut.models.hub.depth import inner_layers, is_block


@contextlib.contextmanager
def plain_layers(network: Any) -> Iterator[None]:
    """Change how some layers compute what they compute, until the block ends.

    The means and variances of normalisations become arrays, since the converter to ONNX takes tensors for further
    inputs; so do tensors that layers of keras-hub hold. Convolutions of groups become one convolution a group, and GELU
    is written by the error function: for both, TensorFlow has operations that only itself knows.

    Args:
        network: A Keras network; layers of networks in it are changed, too.
    """
    with contextlib.ExitStack() as undo:
        for layer in _all_layers(network):
            for name, value in _changes(layer).items():
                undo.callback(setattr, layer, name, getattr(layer, name))
                setattr(layer, name, value)
        yield


def _changes(layer: Any) -> dict[str, Any]:
    """Return new values of attributes of a layer."""
    if isinstance(layer, keras.layers.Normalization):
        return {"mean": np.asarray(layer.mean), "variance": np.asarray(layer.variance)}
    changes: dict[str, Any] = {}
    if is_block(layer):
        for name, value in vars(layer).items():
            if value is keras.activations.gelu:
                changes[name] = _gelu
            elif ops.is_tensor(value):
                changes[name] = ops.convert_to_numpy(value)
    if getattr(layer, "activation", None) is keras.activations.gelu:
        changes["activation"] = _gelu
    if isinstance(layer, keras.layers.Conv2D) and layer.groups > 1:
        changes["convolution_op"] = _grouped(layer)
    return changes


def _gelu(values: Any) -> Any:
    return 0.5 * values * (1 + ops.erf(values / np.sqrt(2).astype(np.float32)))


def _grouped(layer: Any) -> Callable[[Any, Any], Any]:
    """Return a convolution of groups as one depthwise convolution, or as one convolution a group."""

    def convolve(inputs: Any, kernel: Any) -> Any:
        kernel = ops.convert_to_tensor(kernel)
        options = {"padding": layer.padding, "dilation_rate": layer.dilation_rate, "data_format": layer.data_format}
        strides = tuple(layer.strides)
        if layer.groups == inputs.shape[-1]:
            each = ops.reshape(kernel, (*layer.kernel_size, layer.groups, layer.filters // layer.groups))
            return ops.depthwise_conv(inputs, each, strides=strides, **options)
        parts = zip(ops.split(inputs, layer.groups, axis=-1), ops.split(kernel, layer.groups, axis=-1), strict=True)
        return ops.concatenate([ops.conv(one, weights, strides=strides, **options) for one, weights in parts], axis=-1)

    return convolve


def _all_layers(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield layer
            yield from _all_layers(layer)
        else:
            yield from inner_layers(layer)
