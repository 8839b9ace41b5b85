"""`MapLayer`: a layer of a network that puts out maps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MapLayer:
    """A layer that puts out maps of an image.

    Attributes:
        name: Its name; in an ensemble, the name of the member comes before it.
        kind: What it does, as Keras names it, such as Conv2D.
        rows: The rows of a map.
        columns: The columns of a map.
        channels: The number of maps.
        member: The number of the ensemble's member that it belongs to, from 1; 0 in other networks.
    """

    name: str
    kind: str
    rows: int
    columns: int
    channels: int
    member: int = 0
