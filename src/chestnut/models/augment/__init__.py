"""Random changes of training images, as layers that run on the device: one module for each kind of change.

They precede the network during training and are never part of a saved network.
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
    """Return the layers of a recipe's `[augment]` table in the order in which they are applied.

    Args:
        config: The table.
        seed: The seed of the random numbers.
    """
    chosen: list[keras.layers.Layer] = []
    if config.mixing:
        chosen.append(RandomStyle(config, seed=seed + 2, name="style"))
    if config.geometric:
        chosen.append(RandomAffine(config, seed=seed, name="affine"))
    if config.photometric:
        chosen.append(RandomPhotometric(config, seed=seed + 1, name="photometric"))
    if config.covering:
        chosen.append(RandomCover(config, seed=seed + 3, name="cover"))
    if config.degrading:
        chosen.append(RandomDegrade(config, seed=seed + 4, name="degrade"))
    return chosen
