"""The networks that are trained from scratch: `cnn` and `mlp`.

Called through `build`. Layers are Keras's own, so a saved network loads without chestnut.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from chestnut.config import CnnConfig, MlpConfig
from chestnut.models.registry import register


@register("mlp")
def mlp(config: MlpConfig, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Flatten, then dense layers with ReLU, each followed by its dropout."""
    x = layers.Flatten(name="flatten", dtype=policy)(_scaled(image, policy))
    for index, units in enumerate(config.dense):
        penalty = _penalty(_at(config.l1, index), _at(config.l2, index))
        x = layers.Dense(units, kernel_regularizer=penalty, name=f"dense_{index + 1}", dtype=policy)(x)
        x = _activated(x, config.batch_norm, f"dense_{index + 1}", policy)
        x = _dropped(x, _at(config.dropout, index), f"dense_{index + 1}", policy)
    return x


@register("cnn")
def cnn(config: CnnConfig, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Blocks of convolution, 2×2 max pooling and ReLU; flatten or average; dense layers with ReLU."""
    x = _scaled(image, policy)
    for index in range(len(config.filters)):
        x = _block(config, index, x, policy)
    gather = layers.GlobalAveragePooling2D if config.gather == "average" else layers.Flatten
    x = gather(name=config.gather, dtype=policy)(x)
    for index, units in enumerate(config.dense):
        x = layers.Dense(units, activation="relu", name=f"dense_{index + 1}", dtype=policy)(x)
        x = _dropped(x, _at(config.dense_dropout, index), f"dense_{index + 1}", policy)
    return x


def _block(config: CnnConfig, index: int, x: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """One block of a `cnn`.

    The last ReLU stands after the pooling: max and ReLU commute exactly, and there it works on a quarter of the values.
    """
    name = f"block_{index + 1}"
    for number in range(1, config.depth + 1):
        x = layers.Conv2D(
            config.filters[index],
            _at(config.kernels, index),
            padding=_at(config.padding, index),
            kernel_regularizer=_penalty(_at(config.l1, index), _at(config.l2, index)),
            name=f"{name}_conv_{number}",
            dtype=policy,
        )(x)
        if number < config.depth:
            x = _activated(x, config.batch_norm, f"{name}_conv_{number}", policy)
        elif config.batch_norm:
            x = layers.BatchNormalization(name=f"{name}_norm", dtype=policy)(x)
    x = layers.MaxPooling2D(padding=config.pool_padding, name=f"{name}_pool", dtype=policy)(x)
    x = layers.ReLU(name=f"{name}_relu", dtype=policy)(x)
    return _dropped(x, _at(config.dropout, index), name, policy)


def _scaled(image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    return layers.Rescaling(1 / 255, name="scale", dtype=policy)(image)


def _activated(x: keras.KerasTensor, normalised: bool, name: str, policy: str) -> keras.KerasTensor:
    if normalised:
        x = layers.BatchNormalization(name=f"{name}_norm", dtype=policy)(x)
    return layers.ReLU(name=f"{name}_relu", dtype=policy)(x)


def _dropped(x: keras.KerasTensor, rate: float, name: str, policy: str) -> keras.KerasTensor:
    return layers.Dropout(rate, name=f"{name}_dropout", dtype=policy)(x) if rate else x


def _at(value: Any, index: int) -> Any:
    """The value of one block: a tuple's own, or the one that serves all."""
    return value[index] if isinstance(value, tuple) else value


def _penalty(l1: float, l2: float) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None
