"""Small parts that networks share: dense layers, dropout, penalties, and one value for each of several layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def dense_layers(x: keras.KerasTensor, units: tuple[int, ...], dropout: Any, l2: Any, policy: str) -> keras.KerasTensor:
    """Dense layers with ReLU, each followed by its dropout.

    Args:
        x: Features, (batch, n).
        units: Of each layer.
        dropout: After each layer; one value, or one each.
        l2: Penalty on each layer's kernel; one value, or one each.
        policy: Keras dtype policy.
    """
    for index, width in enumerate(units):
        name = f"dense_{index + 1}"
        small = penalty(0.0, at(l2, index))
        x = layers.Dense(width, activation="relu", kernel_regularizer=small, name=name, dtype=policy)(x)
        x = dropped(x, at(dropout, index), name, policy)
    return x


def dropped(x: keras.KerasTensor, rate: float, name: str, policy: str) -> keras.KerasTensor:
    """Dropout, where there is any."""
    return layers.Dropout(rate, name=f"{name}_dropout", dtype=policy)(x) if rate else x


def at(value: Any, index: int) -> Any:
    """The value of one layer: a tuple's own, or the one that serves all."""
    return value[index] if isinstance(value, tuple) else value


def penalty(l1: float, l2: float) -> keras.regularizers.Regularizer | None:
    """The regulariser of a kernel; None where nothing is penalised."""
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None
