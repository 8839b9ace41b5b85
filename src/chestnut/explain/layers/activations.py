"""`Activations`: what chosen layers of a network saw of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.errors import ExplanationError
from chestnut.explain.layers.choice import choose_layers
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.layer_engine import LayerEngine
from chestnut.models.gradients.map_layer import MapLayer

#: The maps that are drawn of a layer.
SHOWN = 8


@dataclass(frozen=True, eq=False)
class LayerView:
    """The maps of a layer that differ most from place to place.

    Attributes:
        layer: The layer.
        channels: The number of each map in the layer, from 0, the strongest first.
        maps: The values, float32, shape (shown, rows, columns).
        silent: How many of the layer's maps have the same value everywhere.
    """

    layer: MapLayer
    channels: tuple[int, ...]
    maps: npt.NDArray[np.float32]
    silent: int

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of the layer, and the range of each map that is shown, for JSON."""
        ends = zip(self.channels, self.maps.min(axis=(1, 2)).tolist(), self.maps.max(axis=(1, 2)).tolist(), strict=True)
        return {
            "name": self.layer.name,
            "kind": self.layer.kind,
            "rows": self.layer.rows,
            "columns": self.layer.columns,
            "channels": self.layer.channels,
            "silent": self.silent,
            "shown": [{"channel": channel, "low": low, "high": high} for channel, low, high in ends],
        }


@dataclass(frozen=True, eq=False)
class Activations:
    """What chosen layers of a network saw of an image.

    Attributes:
        image: The image as the network sees it, uint8, shape (height, width).
        layers: The layers, in order.
        kernels: The kernels of the first convolution, each the sum over its input channels, which are all the same
            image; shape (filters, rows, columns). None where it has none of neighbours.
        member: The number of the ensemble's member, from 1; 0 in other networks.
        members: The number of members with convolutions; 0 in other networks.
    """

    image: Grey
    layers: tuple[LayerView, ...]
    kernels: npt.NDArray[np.float32] | None
    member: int
    members: int


def view_layers(
    engine: Engine, image: Grey, wanted: int | Sequence[str] | None = None, member: int | None = None
) -> Activations:
    """Compute the maps of chosen layers.

    Args:
        engine: The network, computed by Keras.
        image: The image as the network sees it, uint8, shape (height, width).
        wanted: How many layers, or their names; None for the last of each size of maps.
        member: The number of an ensemble's member, from 1; None for the first with convolutions.

    Raises:
        ExplanationError: The network has no convolutions, or no such layer or member.
    """
    if not isinstance(engine, LayerEngine):
        raise ExplanationError("the maps of layers are computed by Keras; open the network with engine='keras'")
    if not engine.map_layers:
        raise ExplanationError(
            "this network has no convolutions, so there are no maps to draw; chestnut explain RUN --method occlusion "
            "shows where it looks, and chestnut embed RUN what it finds alike"
        )
    member, members = _choose_member(engine.map_layers, member)
    chosen = choose_layers([layer for layer in engine.map_layers if layer.member == member], wanted)
    found = engine.compute_maps(image, [layer.name for layer in chosen])
    views = tuple(_view(layer, maps) for layer, maps in zip(chosen, found, strict=True))
    kernels = engine.first_kernels(member)
    filters = None if kernels is None else np.moveaxis(kernels.sum(axis=2), -1, 0)
    return Activations(image, views, filters, member, members)


def _choose_member(layers: Sequence[MapLayer], wanted: int | None) -> tuple[int, int]:
    """Return the number of the member to look at, and how many there are with convolutions."""
    known = sorted({layer.member for layer in layers} - {0})
    if not known:
        if wanted is not None:
            raise ExplanationError(f"member={wanted}: the network is no ensemble; leave it out")
        return 0, 0
    if wanted is None:
        return known[0], len(known)
    if wanted not in known:
        numbers = ", ".join(map(str, known))
        raise ExplanationError(f"member={wanted}: the members with convolutions are {numbers}")
    return wanted, len(known)


def _view(layer: MapLayer, maps: npt.NDArray[np.float32]) -> LayerView:
    """Take the maps that differ most from place to place: one that is strong everywhere tells no place from another."""
    spread = maps.std(axis=(0, 1))
    order = np.argsort(-spread, kind="stable")[:SHOWN]
    return LayerView(layer, tuple(order.tolist()), np.moveaxis(maps[..., order], -1, 0), int((spread == 0).sum()))
