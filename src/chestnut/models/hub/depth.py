"""The layers of a keras-hub backbone by their depth: in transformers, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chestnut.models.hub.families import FAMILIES, Family


def list_depths(backbone: Any) -> list[Any]:
    """Return the layers of a backbone from the lowest to the top; a stack of blocks counts as its blocks.

    Args:
        backbone: A backbone of keras-hub.
    """
    family = FAMILIES[type(backbone).__name__]
    return [part for layer in backbone.layers for part in _split(layer, family)]


def _split(layer: Any, family: Family) -> Iterator[Any]:
    kind, blocks = family.stack
    if type(layer).__name__ != kind:
        yield layer
        return
    inner = list(getattr(layer, blocks))
    yield from inner
    yield from (part for part in layer._layers if part not in inner and part is not getattr(layer, blocks))


def inner_layers(layer: Any) -> list[Any]:
    """Return a layer and all layers inside it."""
    return list(layer._flatten_layers(include_self=True))


def is_block(operation: Any) -> bool:
    """Tell whether an operation is a layer of keras-hub, which contains layers of Keras."""
    return type(operation).__module__.startswith("keras_hub.")


def is_opened(layer: Any) -> bool:
    """Tell whether a layer is a stack that `run_stack` can call block by block."""
    return type(layer).__name__ in ("ViTEncoder", "DINOV2Encoder")


def run_stack(stack: Any, inputs: Any, call: Callable[..., Any]) -> Any:
    """Compute what a stack computes, block by block.

    Args:
        stack: A layer for which `is_opened`.
        inputs: What the stack is called with.
        call: Is called with each of its layers and what that layer takes, and returns what it gives.
    """
    if type(stack).__name__ == "DINOV2Encoder":
        found, values = {}, inputs
        for number, block in enumerate(stack.layers, start=1):
            values = found[f"stage{number}"] = call(block, values)
        return values, found
    values = call(stack.dropout, inputs)
    for block in stack.encoder_layers:
        values = call(block, values)
    return call(stack.layer_norm, values)
