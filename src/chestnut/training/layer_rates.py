"""Compute each variable's share of the learning rate, for discriminative rates and gradual unfreezing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chestnut.config import BackboneConfig, ModelConfig


def has_paces(config: ModelConfig) -> bool:
    """Tell whether the variables of a network have different shares of the learning rate."""
    return isinstance(config, BackboneConfig) and (config.gradual > 0 or config.lowest_rate < 1)


def layer_pace(config: BackboneConfig, place: int, layers: int, epoch: int) -> float:
    """Return the pace of a trained layer of the backbone: its share of the learning rate.

    Paces fall from the head to the lowest layer by equal factors (Howard & Ruder 2018, arXiv:1801.06146, §3.2, with a
    factor of 2.6 per layer). Layers are unfrozen from the top, an equal share of them in each epoch (§3.3, with one
    layer at a time).

    Args:
        config: The recipe's `[model]` table.
        place: The position of the layer among the trained ones, 0 for the lowest.
        layers: The number of trained layers.
        epoch: The number of the epoch, from 0.

    Returns:
        0 while the layer is frozen, else a share up to 1.

    >>> config = BackboneConfig(gradual=2, lowest_rate=0.01)
    >>> [layer_pace(config, place, 2, epoch=1) for place in (0, 1)], layer_pace(config, 0, 2, epoch=2)
    ([0.0, 0.1], 0.01)
    """
    below_head = (layers - place) / layers
    if config.gradual and below_head > epoch / config.gradual:
        return 0.0
    return float(config.lowest_rate**below_head)


def paces(config: BackboneConfig, trained: Sequence[Any], variables: Sequence[Any], epoch: int) -> list[float]:
    """Return the pace of every variable; variables outside the backbone's trained layers have the full rate.

    Args:
        config: The recipe's `[model]` table.
        trained: The backbone's trained layers, the lowest first.
        variables: The variables that the optimiser was built for.
        epoch: The number of the epoch, from 0.
    """
    found = {
        id(variable): layer_pace(config, place, len(trained), epoch)
        for place, layer in enumerate(trained)
        for variable in layer.trainable_variables
    }
    return [found.get(id(variable), 1.0) for variable in variables]
