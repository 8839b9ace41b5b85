"""`Graph`: an ONNX graph that grows node by node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: The version of the format of the file: the oldest that has all that operators of version 18 need.
_FORMAT: Final = 8

#: A kind of ONNX's, by NumPy's name.
_TYPES: Final = {"float32": 1, "uint8": 2, "int64": 7}


@dataclass(frozen=True)
class Value:
    """A tensor in a graph.

    Attributes:
        name: Its name there.
    """

    name: str


class UnknownPartError(Exception):
    """A layer or operation for which there is no rule."""


class Graph:
    """An ONNX graph of one input.

    Args:
        opset: The version of ONNX's operators.
    """

    def __init__(self, opset: int) -> None:
        self._opset = opset
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, kind: str, *inputs: Any, **settings: Any) -> Value:
        """Add an operator, and return its output.

        Args:
            kind: The name of the operator.
            inputs: Its inputs: values, or numbers and arrays, which become constants. Whole numbers must be arrays.
            settings: Its attributes.
        """
        from onnx import helper

        names = [self.value(one).name for one in inputs]
        made = Value(f"node_{len(self._nodes)}")
        self._nodes.append(helper.make_node(kind, names, [made.name], **settings))
        return made

    def value(self, given: Any) -> Value:
        """Return a value, or what is given as a constant: float32, or int64 for arrays of whole numbers."""
        from onnx import numpy_helper

        if isinstance(given, Value):
            return given
        array = np.asarray(given)
        whole = isinstance(given, np.ndarray) and array.dtype == np.int64
        made = Value(f"constant_{len(self._constants)}")
        self._constants.append(numpy_helper.from_array(array if whole else array.astype(np.float32), made.name))
        return made

    def serialize(
        self, inputs: dict[str, tuple[str, tuple[Any, ...]]], outputs: dict[str, tuple[Value, tuple[Any, ...]]]
    ) -> bytes:
        """Return the content of an ONNX file.

        Args:
            inputs: The type and shape of each input, by name.
            outputs: The value and shape of each output, all float32, by name.
        """
        from onnx import helper

        ends = [helper.make_node("Identity", [value.name], [name]) for name, (value, _) in outputs.items()]
        given = [
            helper.make_tensor_value_info(name, _TYPES[kind], _sizes(shape)) for name, (kind, shape) in inputs.items()
        ]
        made = [
            helper.make_tensor_value_info(name, _TYPES["float32"], _sizes(shape))
            for name, (_, shape) in outputs.items()
        ]
        graph = helper.make_graph([*self._nodes, *ends], "chestnut", given, made, self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self._opset)], producer_name="chestnut", ir_version=_FORMAT
        )
        content: bytes = model.SerializeToString()
        return content


def _sizes(shape: tuple[Any, ...]) -> list[Any]:
    return ["images" if size is None else size for size in shape]


def whole(*numbers: int) -> npt.NDArray[np.int64]:
    """Return whole numbers as an array, as `Graph.add` takes them.

    >>> whole(0, -1).tolist()
    [0, -1]
    """
    return np.array(numbers, np.int64)
