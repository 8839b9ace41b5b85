"""Choose the layers of a network whose maps are looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chestnut.errors import ExplanationError, suggest
from chestnut.models.gradients.map_layer import MapLayer

#: The most layers that are drawn unasked, and at all.
USUAL_LAYERS, MOST_LAYERS = 8, 12


def choose_layers(found: Sequence[MapLayer], wanted: int | Sequence[str] | None = None) -> list[MapLayer]:
    """Choose layers of one network.

    Args:
        found: The layers with maps, in order.
        wanted: How many layers, 1 to 12: the last of each size of maps first of all, then others between them. Or the
            names of layers. None for the last of each size alone.

    Raises:
        ExplanationError: There is no layer of a name, or the number is out of range.

    >>> stages = [MapLayer("a", "Conv2D", 8, 8, 4), MapLayer("b", "ReLU", 8, 8, 4), MapLayer("c", "Conv2D", 4, 4, 9)]
    >>> [layer.name for layer in choose_layers(stages)], [layer.name for layer in choose_layers(stages, 3)]
    (['b', 'c'], ['a', 'b', 'c'])
    """
    if wanted is not None and not isinstance(wanted, int):
        return _choose_named(found, wanted)
    if wanted is not None and not 1 <= wanted <= MOST_LAYERS:
        raise ExplanationError(f"layers={wanted}: give 1 to {MOST_LAYERS}, or names of layers")
    stages = sorted({(layer.rows, layer.columns): row for row, layer in enumerate(found)}.values())
    count = min(USUAL_LAYERS, len(stages)) if wanted is None else wanted
    if len(stages) >= count:
        return [found[row] for row in _spread(stages, count)]
    others = [row for row in range(len(found)) if row not in stages]
    return [found[row] for row in sorted([*stages, *_spread(others, count - len(stages))])]


def _spread(rows: Sequence[int], count: int) -> list[int]:
    """Return some of the rows, evenly spread, the last among them; all of them where they are few."""
    if count >= len(rows):
        return list(rows)
    places = np.linspace(len(rows) - 1, 0, count).round().astype(int)[::-1]
    return [rows[place] for place in places.tolist()]


def _choose_named(found: Sequence[MapLayer], names: Sequence[str]) -> list[MapLayer]:
    given = [names] if isinstance(names, str) else list(dict.fromkeys(names))
    known = {layer.name: layer for layer in found}
    for name in given:
        if name not in known:
            raise ExplanationError(f"layers={name[:100]}: no layer with maps has this name; {suggest(name, known)}")
    if not 1 <= len(given) <= MOST_LAYERS:
        raise ExplanationError(f"{len(given)} layers are named; name 1 to {MOST_LAYERS}")
    return [layer for layer in found if layer.name in given]
