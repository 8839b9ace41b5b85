"""Rules for the functions of `keras.ops` that networks call beside their layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from chestnut.export.graph.graph import Graph, UnknownPartError, Value, whole

#: A rule receives the graph, the operation, and what the operation was called with.
Rule = Callable[..., Value]


def _simple(operator: str) -> Rule:
    return lambda graph, operation, *values: graph.add(operator, *values)


def _cast(graph: Graph, operation: Any, values: Value) -> Value:
    if not str(operation.dtype).startswith(("float", "bfloat")):
        raise UnknownPartError(f"a conversion to {operation.dtype}")
    return graph.add("Cast", values, to=1)


def _repeat(graph: Graph, operation: Any, values: Value) -> Value:
    if operation.output.shape[operation.axis] != operation.repeats:
        raise UnknownPartError("a repetition of more than one value")
    return graph.add("Concat", *[values] * operation.repeats, axis=operation.axis)


def _item(graph: Graph, operation: Any, values: Value, key: Any) -> Value:
    """Return a part of a tensor, by slices along some of its axes."""
    keys = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(one, slice) for one in keys):
        raise UnknownPartError("an index that is not a slice")
    end = np.iinfo(np.int64).max
    cut = [(axis, one) for axis, one in enumerate(keys) if one != slice(None)]
    if any((one.step or 1) < 1 for _, one in cut):
        raise UnknownPartError("a slice that goes backwards")
    starts, ends = [one.start or 0 for _, one in cut], [end if one.stop is None else one.stop for _, one in cut]
    steps = [one.step or 1 for _, one in cut]
    return graph.add("Slice", values, whole(*starts), whole(*ends), whole(*(axis for axis, _ in cut)), whole(*steps))


def _reduce(operator: str) -> Rule:
    def rule(graph: Graph, operation: Any, values: Value) -> Value:
        axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
        if None in axes:
            raise UnknownPartError(f"{operator} over all axes")
        return graph.add(operator, values, whole(*axes), keepdims=int(operation.keepdims))

    return rule


def _stack(graph: Graph, operation: Any, values: list[Value]) -> Value:
    axis = whole(operation.axis)
    return graph.add("Concat", *(graph.add("Unsqueeze", one, axis) for one in values), axis=operation.axis)


def _modulo(graph: Graph, operation: Any, values: Value, divisor: Any) -> Value:
    """Return the rest that has the sign of the divisor; ONNX has only the other one for fractions."""
    times = graph.add("Floor", graph.add("Div", values, divisor))
    return graph.add("Sub", values, graph.add("Mul", times, divisor))


def _arctan2(graph: Graph, operation: Any, up: Value, right: Value) -> Value:
    """Return the angle of (right, up) in -π..π, and 0 for (0, 0), by the arc tangent of a quotient.

    Where `right` is 0, the quotient would be infinite or NaN, so it is set; where it is negative, half a turn is added.
    """
    none = graph.add("Equal", right, 0.0)
    angle = graph.add("Atan", graph.add("Div", up, graph.add("Where", none, 1.0, right)))
    below = graph.add("Less", up, 0.0)
    turn = graph.add("Where", below, -math.pi, math.pi)
    left = graph.add("Where", graph.add("Less", right, 0.0), graph.add("Add", angle, turn), angle)
    return graph.add("Where", none, graph.add("Mul", graph.add("Sign", up), math.pi / 2), left)


#: The rules, by the names of Keras's classes.
OPERATIONS: Final[dict[str, Rule]] = {
    "Add": _simple("Add"),
    "Arctan2": _arctan2,
    "Cast": _cast,
    "Concatenate": lambda graph, operation, values: graph.add("Concat", *values, axis=operation.axis),
    "Divide": _simple("Div"),
    "Exp": _simple("Exp"),
    "ExpandDims": lambda graph, operation, values: graph.add("Unsqueeze", values, whole(operation.axis)),
    "GetItem": _item,
    "Logsumexp": _reduce("ReduceLogSumExp"),
    "Matmul": _simple("MatMul"),
    "Maximum": _simple("Max"),
    "Mean": _reduce("ReduceMean"),
    "Minimum": _simple("Min"),
    "Mod": _modulo,
    "Multiply": _simple("Mul"),
    "Relu": _simple("Relu"),
    "Repeat": _repeat,
    "Reshape": lambda graph, operation, values: graph.add("Reshape", values, whole(0, *operation.newshape[1:])),
    "Sqrt": _simple("Sqrt"),
    "Square": lambda graph, operation, values: graph.add("Mul", values, values),
    "Stack": _stack,
    "Subtract": _simple("Sub"),
    "Sum": _reduce("ReduceSum"),
    "Transpose": lambda graph, operation, values: graph.add("Transpose", values, perm=list(operation.axes)),
    "TrueDivide": _simple("Div"),
    "ZerosLike": lambda graph, operation, values: graph.add("Mul", values, 0.0),
}
