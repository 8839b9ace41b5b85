"""Rules for the layers of Keras.

Keras keeps the channels last and ONNX first, so maps are turned before an operator of the two dimensions and back after
it. ONNX Runtime removes the turns between neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chestnut.export.graph.activations import activate, relu
from chestnut.export.graph.graph import Graph, UnknownPartError, Value, whole

#: A rule receives the graph, the layer, and the layer's input, or its inputs as a list.
Rule = Callable[[Graph, Any, Any], Value]

_LAST: Final = -1


def _turned(graph: Graph, values: Value, operator: str, *others: Any, **settings: Any) -> Value:
    """Apply an operator of maps with channels first to maps with channels last."""
    first = graph.add("Transpose", values, perm=[0, 3, 1, 2])
    return graph.add("Transpose", graph.add(operator, first, *others, **settings), perm=[0, 2, 3, 1])


def _require_channels_last(layer: Any) -> None:
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise UnknownPartError(f"{type(layer).__name__} with channels first")


def _window(layer: Any) -> dict[str, Any]:
    """Return the padding and strides of a convolution or pooling."""
    _require_channels_last(layer)
    if layer.padding not in ("same", "valid"):
        raise UnknownPartError(f"the padding {layer.padding}")
    return {"auto_pad": "SAME_UPPER" if layer.padding == "same" else "VALID", "strides": list(layer.strides)}


def _array(variable: Any) -> npt.NDArray[np.float32]:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(variable), np.float32)


def _convolution(graph: Graph, layer: Any, values: Value) -> Value:
    kernel = _array(layer.kernel).transpose(3, 2, 0, 1)
    found = _convolve(graph, layer, values, kernel, layer.groups)
    return _finish(graph, layer, found)


def _depthwise(graph: Graph, layer: Any, values: Value) -> Value:
    return _finish(graph, layer, _convolve(graph, layer, values, *_each_channel(layer.kernel)))


def _separable(graph: Graph, layer: Any, values: Value) -> Value:
    seen = _convolve(graph, layer, values, *_each_channel(layer.depthwise_kernel))
    mixed = graph.add("MatMul", seen, _array(layer.pointwise_kernel)[0, 0])
    return _finish(graph, layer, mixed)


def _each_channel(variable: Any) -> tuple[npt.NDArray[np.float32], int]:
    """Return the kernel of a depthwise convolution as ONNX has it, and its number of groups."""
    kernel = _array(variable)
    height, width, channels, each = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * each, 1, height, width), channels


def _convolve(graph: Graph, layer: Any, values: Value, kernel: npt.NDArray[np.float32], groups: int) -> Value:
    """Return a convolution by a kernel of shape (outputs, inputs a group, height, width), without the bias."""
    sides, dilations = list(kernel.shape[2:]), list(layer.dilation_rate)
    how = _window(layer)
    if layer.padding == "same" and max(dilations) > 1:  # ONNX Runtime pads none of these by itself; their strides are 1
        spare = [(side - 1) * apart for side, apart in zip(sides, dilations, strict=True)]
        pads = [*(one // 2 for one in spare), *(one - one // 2 for one in spare)]
        how = {"pads": pads, "strides": list(layer.strides)}
    return _turned(graph, values, "Conv", kernel, dilations=dilations, kernel_shape=sides, group=groups, **how)


def _finish(graph: Graph, layer: Any, values: Value) -> Value:
    """Add the bias of a layer, and apply its activation."""
    if layer.use_bias:
        values = graph.add("Add", values, _array(layer.bias))
    return activate(graph, layer.activation, values)


def _dense(graph: Graph, layer: Any, values: Value) -> Value:
    return _finish(graph, layer, graph.add("MatMul", values, _array(layer.kernel)))


def _batch_normalization(graph: Graph, layer: Any, values: Value) -> Value:
    rank = layer.input_spec.ndim
    if layer.axis not in (_LAST, rank - 1):
        raise UnknownPartError("a batch normalisation of another axis than the last")
    mean, variance = _array(layer.moving_mean), _array(layer.moving_variance)
    scale = _array(layer.gamma) if layer.scale else np.ones_like(mean)
    shift = _array(layer.beta) if layer.center else np.zeros_like(mean)
    if rank == 4:
        epsilon = float(layer.epsilon)
        return _turned(graph, values, "BatchNormalization", scale, shift, mean, variance, epsilon=epsilon)
    factor = scale / np.sqrt(variance + layer.epsilon)
    return graph.add("Add", graph.add("Mul", values, factor), shift - mean * factor)


def _layer_normalization(graph: Graph, layer: Any, values: Value) -> Value:
    rank = layer.input_spec.ndim if layer.input_spec is not None else len(layer.input.shape)
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if [axis % rank for axis in axes] != [rank - 1] or getattr(layer, "rms_scaling", False):
        raise UnknownPartError("a layer normalisation of another axis than the last")
    size = layer.input.shape[-1]
    scale = _array(layer.gamma) if layer.scale else np.ones(size, np.float32)
    shift = _array(layer.beta) if layer.center else np.zeros(size, np.float32)
    return graph.add("LayerNormalization", values, scale, shift, axis=-1, epsilon=float(layer.epsilon))


def _normalization(graph: Graph, layer: Any, values: Value) -> Value:
    import keras

    if layer.invert:
        raise UnknownPartError("an inverted normalisation")
    deviation = np.maximum(np.sqrt(_array(layer.variance)), keras.config.epsilon())
    return graph.add("Div", graph.add("Sub", values, _array(layer.mean)), deviation)


def _rescaling(graph: Graph, layer: Any, values: Value) -> Value:
    scaled = graph.add("Mul", values, _array(layer.scale))
    return graph.add("Add", scaled, _array(layer.offset)) if np.any(_array(layer.offset)) else scaled


def _pool(operator: str, **settings: Any) -> Rule:
    def rule(graph: Graph, layer: Any, values: Value) -> Value:
        return _turned(graph, values, operator, kernel_shape=list(layer.pool_size), **_window(layer), **settings)

    return rule


def _pool_all(operator: str) -> Rule:
    def rule(graph: Graph, layer: Any, values: Value) -> Value:
        _require_channels_last(layer)
        return graph.add(operator, values, whole(1, 2), keepdims=int(layer.keepdims))

    return rule


def _zero_padding(graph: Graph, layer: Any, values: Value) -> Value:
    _require_channels_last(layer)
    (top, bottom), (left, right) = layer.padding
    return graph.add("Pad", values, whole(0, top, left, 0, 0, bottom, right, 0))


def _cropping(graph: Graph, layer: Any, values: Value) -> Value:
    _require_channels_last(layer)
    (top, bottom), (left, right) = layer.cropping
    end = np.iinfo(np.int64).max
    ends = whole(-bottom if bottom else end, -right if right else end)
    return graph.add("Slice", values, whole(top, left), ends, whole(1, 2))


def _upsampling(graph: Graph, layer: Any, values: Value) -> Value:
    if layer.interpolation != "nearest":
        raise UnknownPartError(f"upsampling by {layer.interpolation} interpolation")
    _require_channels_last(layer)
    rows, columns = layer.size
    settings = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nothing = np.array([], np.float32)
    return graph.add("Resize", values, nothing, np.array([1, rows, columns, 1], np.float32), **settings)


def _merge(operator: str) -> Rule:
    def rule(graph: Graph, layer: Any, values: list[Value]) -> Value:
        first, *rest = values
        for one in rest:
            first = graph.add(operator, first, one)
        return first

    return rule


def _average(graph: Graph, layer: Any, values: list[Value]) -> Value:
    return graph.add("Mean", *values)


def _concatenate(graph: Graph, layer: Any, values: list[Value]) -> Value:
    return graph.add("Concat", *values, axis=layer.axis)


def _reshape(graph: Graph, layer: Any, values: Value) -> Value:
    sizes = [-1 if size is None else size for size in layer.target_shape]
    return graph.add("Reshape", values, whole(0, *sizes))


def _flatten(graph: Graph, layer: Any, values: Value) -> Value:
    _require_channels_last(layer)
    return graph.add(
        "Reshape", values, whole(0, -1 if None in layer.input.shape[1:] else math.prod(layer.input.shape[1:]))
    )


def _same(graph: Graph, layer: Any, values: Value) -> Value:
    return values


#: The rules, by the names of Keras's classes.
LAYERS: Final[dict[str, Rule]] = {
    "Activation": lambda graph, layer, values: activate(graph, layer.activation, values),
    "Add": _merge("Add"),
    "Average": _average,
    "AveragePooling2D": _pool("AveragePool", count_include_pad=0),
    "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate,
    "Conv2D": _convolution,
    "Cropping2D": _cropping,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "Dropout": _same,
    "ELU": lambda graph, layer, values: graph.add("Elu", values, alpha=float(layer.alpha)),
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _pool_all("ReduceMean"),
    "GlobalMaxPooling2D": _pool_all("ReduceMax"),
    "LayerNormalization": _layer_normalization,
    "LayerScale": lambda graph, layer, values: graph.add("Mul", values, _array(layer.gamma)),
    "LeakyReLU": lambda graph, layer, values: graph.add("LeakyRelu", values, alpha=float(layer.negative_slope)),
    "Maximum": _merge("Max"),
    "MaxPooling2D": _pool("MaxPool"),
    "Minimum": _merge("Min"),
    "Multiply": _merge("Mul"),
    "Normalization": _normalization,
    "PReLU": lambda graph, layer, values: graph.add("PRelu", values, _array(layer.alpha)),
    "ReLU": lambda graph, layer, values: relu(graph, values, layer.max_value, layer.negative_slope, layer.threshold),
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "SeparableConv2D": _separable,
    "Softmax": lambda graph, layer, values: graph.add("Softmax", values, axis=layer.axis),
    "Subtract": _merge("Sub"),
    "UpSampling2D": _upsampling,
    "ZeroPadding2D": _zero_padding,
}
