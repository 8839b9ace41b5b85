"""`Graph`: what a network from elsewhere consists of, without Keras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

#: The output of a layer: its name, and the number of the call that gave it, from 0.
Ref = tuple[str, int]


@dataclass(frozen=True)
class Part:
    """A layer of a network, or a network that is used as a layer.

    Attributes:
        name: Its name, which no other part of the network has.
        kind: The class of the layer in Keras; `Functional` or `Sequential` for a network.
        settings: The settings of the layer.
        calls: What it is given each time it is called; several outputs are given to layers that join them.
        inner: The network, if it is one.
        trainable: Whether its weights were trained: files list those that were not last.
    """

    name: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    calls: tuple[tuple[Ref, ...], ...] = ()
    inner: Graph | None = None
    trainable: bool = True


@dataclass(frozen=True)
class Graph:
    """A network as layers and what each is given.

    Attributes:
        name: Its name.
        kind: `Functional` or `Sequential`.
        parts: The layers in the order of the file, without the input.
        input: The name of its input.
        shape: The shape of one image, (height, width, channels); a side that the file leaves open is None. For a
            network within another, as far as the file says.
        output: The layer whose output is the network's.
        trainable: Whether its weights were trained.
    """

    name: str
    kind: str
    parts: tuple[Part, ...]
    input: str
    shape: tuple[int | None, ...] | None
    output: Ref
    trainable: bool = True

    def find(self, name: str) -> Part:
        """Return the part with a name."""
        return next(part for part in self.parts if part.name == name)

    def to_config(self) -> dict[str, Any]:
        """Return the configuration from which Keras builds the network, nested as it was."""
        shape = None if self.shape is None else [None, *self.shape]
        first = {
            "class_name": "InputLayer",
            "config": {"batch_shape": shape, "dtype": "float32", "name": self.input},
            "name": self.input,
            "inbound_nodes": [],
        }
        layers = [part_config(part) for part in self.parts]
        config = {"name": self.name, "trainable": self.trainable, "layers": [*([first] if shape else []), *layers]}
        if self.kind == "Functional":
            # one tensor each and not a list of one, so that a network within another gives what a layer gives
            config |= {"input_layers": [self.input, 0, 0], "output_layers": [*self.output, 0]}
        return {"class_name": self.kind, "config": config}


def part_config(part: Part) -> dict[str, Any]:
    """Return the configuration from which Keras builds a part."""
    given = [[[name, number, 0, {}] for name, number in call] for call in part.calls]
    if part.inner is not None:
        config = part.inner.to_config()
    else:
        config = {"class_name": part.kind, "config": {"name": part.name, "trainable": part.trainable, **part.settings}}
        config["config"]["dtype"] = "float32"
    return {**config, "name": part.name, "inbound_nodes": given}


def all_parts(graph: Graph) -> Iterator[Part]:
    """Yield every part of a network, those of networks within it too."""
    for part in graph.parts:
        yield part
        if part.inner is not None:
            yield from all_parts(part.inner)
