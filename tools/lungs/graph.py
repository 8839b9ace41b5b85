"""Write a trained network as an ONNX graph, with the batch statistics folded into the convolutions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from chestnut.lungfield.model import FIELD, SIDE
from tools.lungs.network import build

#: The version of ONNX's operators; ONNX Runtime reads it since 1.8.
_OPSET = 13


class OnnxOperations:
    """Builds the nodes of the graph, channels first; a value is the name of a tensor.

    Args:
        network: The trained network, from whose layers of the same names the weights are taken.
    """

    def __init__(self, network: keras.Model) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._network = network

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        name = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: npt.ArrayLike, kind: type = np.float32) -> str:
        """Add a constant, and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=kind), name))
        return name

    def standardise(self, x: str) -> str:
        """Subtract each picture's mean, and divide by its standard deviation."""
        centred = self.node("Sub", x, self.node("ReduceMean", x, axes=[1, 2, 3]))
        variance = self.node("ReduceMean", self.node("Mul", centred, centred), axes=[1, 2, 3])
        spread = self.node("Add", self.node("Sqrt", variance), self.constant("least_spread", 1.0))
        return self.node("Div", centred, spread)

    def conv(self, x: str, name: str, filters: int, kernel: int = 3, stride: int = 1) -> str:
        """Convolve, normalise by batch statistics, and set negative values to zero."""
        (weights,) = self._network.get_layer(name).get_weights()
        norm = self._network.get_layer(f"{name}_norm")
        gamma, beta, mean, variance = norm.get_weights()
        scale = gamma / np.sqrt(variance + norm.epsilon)
        return self.node("Relu", self._convolve(x, name, weights * scale, beta - mean * scale, stride))

    def pool(self, x: str) -> str:
        """Halve height and width by the maximum of 2×2 pixels."""
        return self.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])

    def grow(self, x: str) -> str:
        """Double height and width by repetition."""
        scales = self.constant(f"scales_{len(self.nodes)}", [1, 1, 2, 2])
        rule = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.node("Resize", x, "", scales, **rule)

    def join(self, x: str, y: str) -> str:
        """Put the channels of two tensors behind each other."""
        return self.node("Concat", x, y, axis=1)

    def mean(self, x: str) -> str:
        """Average over height and width."""
        return self.node("ReduceMean", x, axes=[2, 3], keepdims=0)

    def scores(self, x: str, name: str, filters: int) -> str:
        """Convolve with a kernel of one pixel, with a bias and nothing else."""
        weights, bias = self._network.get_layer(name).get_weights()
        return self._convolve(x, name, weights, bias, stride=1)

    def score(self, x: str, name: str) -> str:
        """Return one weighted sum with a bias."""
        weights, bias = self._network.get_layer(name).get_weights()
        return self.node("Gemm", x, self.constant(f"{name}_weights", weights), self.constant(f"{name}_bias", bias))

    def _convolve(self, x: str, name: str, weights: npt.NDArray[Any], bias: npt.NDArray[Any], stride: int) -> str:
        kernel = self.constant(f"{name}_weights", weights.transpose(3, 2, 0, 1))
        added = self.constant(f"{name}_bias", bias)
        return self.node("Conv", x, kernel, added, name=name, auto_pad="SAME_UPPER", strides=[stride, stride])


def to_onnx(network: keras.Model) -> onnx.ModelProto:
    """Return the network as an ONNX model.

    Its input `image` holds grey values 0..255, uint8, (n, SIDE, SIDE). Its outputs are probabilities, float32: `field`
    (n, 2, FIELD, FIELD), for the lung at the left of the picture and the lung at its right, and `presence` (n,).
    """
    ops = OnnxOperations(network)
    grey = ops.node("Unsqueeze", "image", ops.constant("channel", [1], np.int64))
    field, presence = build(ops, ops.node("Cast", grey, to=TensorProto.FLOAT))
    ops.node("Sigmoid", field, name="fields")
    flat = ops.node("Squeeze", ops.node("Sigmoid", presence), ops.constant("last", [1], np.int64), name="presences")
    graph = helper.make_graph(
        ops.nodes,
        "lungs",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE])],
        [
            helper.make_tensor_value_info("fields", TensorProto.FLOAT, ["n", 2, FIELD, FIELD]),
            helper.make_tensor_value_info(flat, TensorProto.FLOAT, ["n"]),
        ],
        ops.constants,
    )
    model = helper.make_model(graph, producer_name="chestnut", opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model
