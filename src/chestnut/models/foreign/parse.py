"""Read the configuration of a network from elsewhere into a `Graph`, whichever version of Keras wrote it.

Keras 2 and 3 differ in how they write down which layer is given what, and in what layers may be called.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from chestnut.models.foreign.graph import Graph, Part, Ref
from chestnut.models.foreign.layer_rules import ALIASES, TRAINING_ONLY
from chestnut.models.foreign.settings import read_settings
from chestnut.models.foreign.tables import Table, refuse_layer

#: What Python raises for a configuration that lacks something.
FAULTS: Final = (KeyError, TypeError, IndexError, AttributeError, StopIteration)

#: The operations outside of layers that are scalings of grey values: the setting of `Rescaling` that each becomes.
_SCALINGS: Final[dict[str, Callable[[float], dict[str, float]]]] = {
    "math.truediv": lambda y: {"scale": 1 / y, "offset": 0.0},
    "math.divide": lambda y: {"scale": 1 / y, "offset": 0.0},
    "math.multiply": lambda y: {"scale": y, "offset": 0.0},
    "math.subtract": lambda y: {"scale": 1.0, "offset": -y},
    "math.add": lambda y: {"scale": 1.0, "offset": y},
    "__operators__.add": lambda y: {"scale": 1.0, "offset": y},
}


def parse(network: Table, sizes: Collection[int]) -> tuple[Graph, tuple[str, ...]]:
    """Read a network from its tables.

    Args:
        network: What `read_tables` returned.
        sizes: The lengths of all axes of the arrays in the file.

    Returns:
        The network, and what was changed of it so that this version of Keras can build it, in words.

    Raises:
        ValueError: A layer or a setting is not understood, or the network has several inputs or outputs.
    """
    reader = _Reader(sizes)
    try:
        graph = reader.read_graph(network)
    except FAULTS as error:
        raise ValueError(f"its configuration lacks something ({type(error).__name__}: {str(error)[:80]})") from error
    return graph, tuple(sorted(reader.notes))


class _Reader:
    def __init__(self, sizes: Collection[int]) -> None:
        self.sizes = sizes
        self.notes: set[str] = set()

    def read_graph(self, entry: Table) -> Graph:
        config = entry["config"]
        if isinstance(config, list):  # as Keras wrote a Sequential before 2.2.3
            config = {"name": "sequential", "layers": config}
        given = config.get("name") or entry.get("name") or entry["class_name"].lower()
        if entry["class_name"] == "Sequential":
            return self._read_chain(config, self._rename(given))
        return self._read_functional(config, self._rename(given))

    def _read_chain(self, config: Table, name: str) -> Graph:
        entries = list(config["layers"])
        first = entries.pop(0) if entries and entries[0]["class_name"] == "InputLayer" else None
        source = (first or (entries[0] if entries else {})).get("config", {})
        shape = _shape(source) if isinstance(source, dict) else None
        start = self._rename(str(source.get("name"))) if first else f"{name}_input"
        parts: list[Part] = []
        before: Ref = (start, 0)
        for one in entries:
            parts.append(self._read_part(one, ((before,),)))
            before = (parts[-1].name, 0)
        _require_distinct(parts)
        return Graph(name, "Sequential", tuple(parts), start, shape, before, config.get("trainable", True) is True)

    def _read_functional(self, config: Table, name: str) -> Graph:
        ins, outs = (_ends(config[key]) for key in ("input_layers", "output_layers"))
        if len(ins) != 1 or len(outs) != 1:
            raise ValueError(f"it has {len(ins)} inputs and {len(outs)} outputs, and one of each is needed")
        calls = {entry_name(one): _calls(one) for one in config["layers"]}
        numbers = _rank_calls([*(ref for each in calls.values() for call in each for ref in call), outs[0]])
        parts, start = [], None
        for one in config["layers"]:
            if one["class_name"] == "InputLayer":
                start = one["config"]
                continue
            given = tuple(
                tuple((self._rename(ref[0]), numbers[ref]) for ref in call) for call in calls[entry_name(one)]
            )
            parts.append(self._read_part(one, given))
        if start is None or entry_name({"config": start}) != ins[0][0]:
            raise ValueError("its input is not an InputLayer")
        _require_distinct(parts)
        start_name = self._rename(ins[0][0])
        output = (self._rename(outs[0][0]), numbers[outs[0]])
        known = {start_name, *(part.name for part in parts)}
        if strange := {output[0], *(ref[0] for part in parts for call in part.calls for ref in call)} - known:
            raise ValueError(f"a layer is given the output of {min(strange)[:60]!r}, which it does not contain")
        trained = config.get("trainable", True) is True
        return Graph(name, "Functional", tuple(parts), start_name, _shape(start), output, trained)

    def _read_part(self, entry: Table, calls: tuple[tuple[Ref, ...], ...]) -> Part:
        kind = str(ALIASES.get(entry["class_name"], entry["class_name"]))
        if kind in ("Functional", "Model", "Sequential"):
            inner = self.read_graph(entry)
            return Part(inner.name, inner.kind, {}, calls, inner, inner.trainable)
        config = entry["config"]
        name = self._rename(entry_name(entry))
        trained = config.get("trainable", True) is True
        if kind in TRAINING_ONLY:
            return Part(name, "Dropout", {"rate": 0.0}, calls, None, trained)
        if kind == "TFOpLambda":
            self.notes.add("operations on grey values are Rescaling layers")
            return Part(name, "Rescaling", _scaling(entry), calls, None, trained)
        if kind in ("InputLayer", "__keras_tensor__", "function"):
            refuse_layer(name, kind)
        return Part(name, kind, read_settings(kind, config, self.notes, self.sizes), calls, None, trained)

    def _rename(self, name: str) -> str:
        """Return a name without slashes, which Keras 2 allowed."""
        if not isinstance(name, str) or not name or len(name) > 200:
            raise ValueError("a layer has no name, or a very long one")
        if "/" in name:
            self.notes.add("slashes in the names of layers are underscores")
        return name.replace("/", "_")


def entry_name(entry: Table) -> str:
    """Return the name of a layer."""
    return str(entry.get("name") or entry["config"]["name"])


def _require_distinct(parts: list[Part]) -> None:
    names = [part.name for part in parts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two of its layers have the name {twice[0][:60]!r}")


def _shape(config: Table) -> tuple[int | None, ...] | None:
    """Return the shape of one image that an input takes; None if the file does not say."""
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    if not isinstance(shape, list) or not all(side is None or isinstance(side, int) for side in shape):
        return None
    return tuple(shape[1:])


def _ends(listed: Any) -> list[Ref]:
    """Return the inputs or outputs of a network: one, or a list of them."""
    if listed and isinstance(listed[0], str):
        listed = [listed]
    if any(number[2] for number in listed):
        raise ValueError("it takes the second output of a layer")
    return [(str(one[0]), int(one[1])) for one in listed]


def _calls(entry: Table) -> list[tuple[Ref, ...]]:
    """Return what a layer is given at each of its calls, as the file numbers them."""
    found = []
    for node in entry.get("inbound_nodes") or []:
        if isinstance(node, dict):  # Keras 3
            refs = list(_tensors(node["args"]))
            words = node.get("kwargs") or {}
        else:
            listed = [node] if isinstance(node[0], str) else node  # operations outside of layers are not nested
            refs = [(str(one[0]), int(one[1])) for one in listed]
            if any(one[2] for one in listed):
                raise ValueError("it takes the second output of a layer")
            words = {key: value for one in listed if len(one) > 3 for key, value in one[3].items()}
        if entry["class_name"] != "TFOpLambda":
            _check_words(entry_name(entry), words)
        found.append(tuple(refs))
    return found


def _tensors(value: Any) -> Iterator[Ref]:
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        name, number, output = value["config"]["keras_history"]
        if output:
            raise ValueError("it takes the second output of a layer")
        yield str(name), int(number)
    elif isinstance(value, list):
        for inner in value:
            yield from _tensors(inner)
    elif value is not None:
        raise ValueError(f"a layer is given {str(value)[:40]!r}, which is no output of a layer")


def _check_words(name: str, words: Table) -> None:
    if words.get("training"):
        raise ValueError(
            f"its layer {name[:60]!r} is called with training=True, so that its answers are drawn at random or depend "
            "on the other images; build the network without that"
        )
    if strange := sorted(key for key, value in words.items() if value is not None and key != "training"):
        raise ValueError(f"its layer {name[:60]!r} is called with {strange[0][:40]}, which is not understood")


def _rank_calls(refs: list[Ref]) -> dict[Ref, int]:
    """Number the calls of each layer from 0: Keras 2 counts those that made a network within another, too."""
    used: dict[str, set[int]] = {}
    for name, number in refs:
        used.setdefault(name, set()).add(number)
    return {(name, number): rank for name, each in used.items() for rank, number in enumerate(sorted(each))}


def _scaling(entry: Table) -> dict[str, float]:
    """Return the settings of the `Rescaling` that an operation outside of layers is; refuse other operations."""
    function, nodes = entry["config"].get("function"), entry.get("inbound_nodes") or [[]]
    node = nodes[0]
    words = node[3] if len(node) > 3 and isinstance(node[0], str) else {}
    number = words.get("y")
    others = [key for key, value in words.items() if key not in ("y", "name") and value is not None]
    alone = len(nodes) == 1 and not others
    if function not in _SCALINGS or not alone or not isinstance(number, int | float) or not number:
        refuse_layer(f"{entry_name(entry)} ({function})", "TFOpLambda")
    return _SCALINGS[function](float(number))
