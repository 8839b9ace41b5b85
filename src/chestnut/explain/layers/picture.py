"""Draw what the layers of a network saw as one figure."""

from __future__ import annotations

from matplotlib.figure import Figure

from chestnut.explain.layers.activations import Activations, LayerView
from chestnut.figures.layer_maps import MapRow, layer_maps_figure


def draw_activations(found: Activations, title: str) -> Figure:
    """Draw the image as the network sees it, its first filters, and the maps of each layer in a row.

    Args:
        found: What the layers saw.
        title: A line above the figure.
    """
    rows = [_row(view) for view in found.layers]
    if found.member:
        title = f"{title}, member {found.member} of an ensemble"
    return layer_maps_figure(found.image, found.kernels, rows, title)


def _row(view: LayerView) -> MapRow:
    layer = view.layer
    shown = len(view.channels)
    lines = [layer.kind, f"{layer.rows} × {layer.columns}, {layer.channels:,} maps"]
    if view.silent:
        lines.append(f"{view.silent:,} the same everywhere")
    elif shown < layer.channels:
        lines.append(f"the {shown} strongest")
    return MapRow(layer.name, tuple(lines), view.maps, tuple(f"map {channel + 1}" for channel in view.channels))
