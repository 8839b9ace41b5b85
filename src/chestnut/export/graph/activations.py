"""Rules for the activation functions of Keras, by their names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from chestnut.export.graph.graph import Graph, UnknownPartError, Value


def activate(graph: Graph, function: Any, values: Value) -> Value:
    """Return the values of an activation function of Keras; None stands for the identity.

    Raises:
        UnknownPartError: There is no rule for the function.
    """
    name = "linear" if function is None else getattr(function, "__name__", "")
    if name == "linear":
        return values
    if name in _NAMED:
        operator, settings = _NAMED[name]
        return graph.add(operator, values, **settings)
    if name not in _WRITTEN:
        raise UnknownPartError(f"the activation {name or function}")
    return _WRITTEN[name](graph, values)


def relu(graph: Graph, values: Value, most: float | None, slope: float, threshold: float) -> Value:
    """Return max(x, slope·x) with the bend at a threshold, and at most a maximum.

    Raises:
        UnknownPartError: A threshold that is not 0.
    """
    if threshold:
        raise UnknownPartError("a ReLU with a threshold")
    bent = graph.add("LeakyRelu", values, alpha=float(slope)) if slope else graph.add("Relu", values)
    return bent if most is None else graph.add("Min", bent, float(most))


def _gelu(graph: Graph, values: Value) -> Value:
    above = graph.add("Add", graph.add("Erf", graph.add("Div", values, math.sqrt(2))), 1.0)
    return graph.add("Mul", graph.add("Mul", values, 0.5), above)


def _times(operator: str, **settings: Any) -> Callable[[Graph, Value], Value]:
    return lambda graph, values: graph.add("Mul", values, graph.add(operator, values, **settings))


_HARD: Final = {"alpha": 1 / 6, "beta": 0.5}

_NAMED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "relu": ("Relu", {}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "log_softmax": ("LogSoftmax", {"axis": -1}),
    "exponential": ("Exp", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "hard_sigmoid": ("HardSigmoid", _HARD),
}

_WRITTEN: Final[dict[str, Callable[[Graph, Value], Value]]] = {
    "gelu": _gelu,
    "silu": _times("Sigmoid"),
    "hard_silu": _times("HardSigmoid", **_HARD),
    "relu6": lambda graph, values: relu(graph, values, 6.0, 0.0, 0.0),
}
