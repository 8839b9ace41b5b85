"""Random changes to training images, on the device: one file a kind of change, one layer each.

`training` puts them before the network while it trains; they are never part of a saved network.
"""

from __future__ import annotations

import keras

from chestnut.config import AugmentConfig
from chestnut.models.augment.affine import RandomAffine
from chestnut.models.augment.cover import RandomCover
from chestnut.models.augment.degrade import RandomDegrade
from chestnut.models.augment.photometric import RandomPhotometric
from chestnut.models.augment.style import RandomStyle

__all__ = ["RandomAffine", "RandomCover", "RandomDegrade", "RandomPhotometric", "RandomStyle", "augmentation"]


def augmentation(config: AugmentConfig, seed: int) -> list[keras.layers.Layer]:
    """The layers that a recipe's `[augment]` table asks for, in the order in which they are to be called."""
    made: list[keras.layers.Layer] = []
    if config.mixing:
        made.append(RandomStyle(config, seed=seed + 2, name="style"))
    if config.geometric:
        made.append(RandomAffine(config, seed=seed, name="affine"))
    if config.photometric:
        made.append(RandomPhotometric(config, seed=seed + 1, name="photometric"))
    if config.covering:
        made.append(RandomCover(config, seed=seed + 3, name="cover"))
    if config.degrading:
        made.append(RandomDegrade(config, seed=seed + 4, name="degrade"))
    return made
