"""Put what is inside an ONNX file in order, so that the same network gives the same file, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

#: What the file calls the number of images.
_COUNT: Final = "images"


def make_reproducible(path: Path) -> None:
    """Give what is inside an ONNX file an order and names that depend on the network alone.

    The converter's depend on what else the process has converted, and on chance. Inputs and outputs keep their names.

    Args:
        path: The file, which is written anew.
    """
    import onnx

    model: Any = onnx.load(path)
    graph = model.graph
    outputs = sorted(graph.output, key=lambda one: one.name)
    nodes = _in_order(graph.node, outputs)
    names = {one.name: one.name for one in (*graph.input, *graph.output)} | {"": ""}

    def rename(values: Any) -> None:
        for index, name in enumerate(values):
            values[index] = names.setdefault(name, f"value_{len(names)}")

    for number, node in enumerate(nodes):
        rename(node.input)
        rename(node.output)
        node.name, node.doc_string = f"node_{number}", ""
    places = {name: place for place, name in enumerate(names)}
    constants = sorted((one for one in graph.initializer if one.name in places), key=lambda one: places[one.name])
    for constant in constants:
        constant.name = names[constant.name]
    del graph.initializer[:], graph.value_info[:], graph.node[:]
    graph.initializer.extend(constants)
    graph.node.extend(nodes)
    del graph.output[:]
    graph.output.extend(outputs)
    for one in (*graph.input, *graph.output):
        for axis, size in enumerate(one.type.tensor_type.shape.dim):
            if size.dim_param:
                size.dim_param = f"{one.name}_{axis}" if axis else _COUNT
    graph.name, graph.doc_string, model.doc_string = "chestnut", "", ""
    path.write_bytes(model.SerializeToString(deterministic=True))


def _in_order(nodes: Iterable[Any], outputs: Sequence[Any]) -> list[Any]:
    """Return the nodes that the outputs need, each after those that it needs itself."""
    makers = {name: node for node in nodes for name in node.output}
    ordered: list[Any] = []
    seen: set[int] = set()
    waiting = [(makers[one.name], False) for one in reversed(outputs) if one.name in makers]
    while waiting:
        node, done = waiting.pop()
        if done:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting += [(makers[name], False) for name in reversed(node.input) if name in makers]
    return ordered
