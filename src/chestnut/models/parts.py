"""Small parts that networks share: dense layers, dropout, regularisers, and settings of single layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

#: The name of the layer between a backbone and the head.
GATHER = "average"


def dense_layers(x: keras.KerasTensor, units: tuple[int, ...], dropout: Any, l2: Any, policy: str) -> keras.KerasTensor:
    """Add dense layers with ReLU, each followed by dropout.

    Args:
        x: Features, shape (batch, n).
        units: The number of units of each layer.
        dropout: The rate of dropout after each layer: one value for all, or one for each.
        l2: The L2 penalty on the kernel of each layer: one value for all, or one for each.
        policy: The Keras dtype policy.
    """
    for index, width in enumerate(units):
        name = f"dense_{index + 1}"
        small = penalty(0.0, at(l2, index))
        x = layers.Dense(width, activation="relu", kernel_regularizer=small, name=name, dtype=policy)(x)
        x = dropout_layer(x, at(dropout, index), name, policy)
    return x


def dropout_layer(x: keras.KerasTensor, rate: float, name: str, policy: str) -> keras.KerasTensor:
    """Add dropout where the rate is above 0."""
    return layers.Dropout(rate, name=f"{name}_dropout", dtype=policy)(x) if rate else x


def at(value: Any, index: int) -> Any:
    """Return the setting of one layer, from a tuple of settings or from one for all layers."""
    return value[index] if isinstance(value, tuple) else value


def penalty(l1: float, l2: float) -> keras.regularizers.Regularizer | None:
    """Return the regulariser of a kernel; None without a penalty."""
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None
