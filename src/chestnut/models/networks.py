"""The networks that are trained from scratch: `cnn` and `mlp`.

Layers are Keras's own, so a saved network loads without chestnut.
"""

from __future__ import annotations

import keras
from keras import layers

from chestnut.config import CnnConfig, MlpConfig
from chestnut.models.parts import at, dense_layers, dropout_layer, penalty
from chestnut.models.registry import register


@register("mlp")
def mlp(config: MlpConfig, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Build flattened pixels and dense layers with ReLU, each followed by dropout."""
    x = layers.Flatten(name="flatten", dtype=policy)(_scale(image, policy))
    for index, units in enumerate(config.dense):
        small = penalty(at(config.l1, index), at(config.l2, index))
        x = layers.Dense(units, kernel_regularizer=small, name=f"dense_{index + 1}", dtype=policy)(x)
        x = _activate(x, config.batch_norm, f"dense_{index + 1}", policy)
        x = dropout_layer(x, at(config.dropout, index), f"dense_{index + 1}", policy)
    return x


@register("cnn")
def cnn(config: CnnConfig, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Build blocks of convolution, 2×2 max pooling and ReLU, a flattening or average, and dense layers with ReLU."""
    x = _scale(image, policy)
    for index in range(len(config.filters)):
        x = _block(config, index, x, policy)
    gather = layers.GlobalAveragePooling2D if config.gather == "average" else layers.Flatten
    x = gather(name=config.gather, dtype=policy)(x)
    return dense_layers(x, config.dense, config.dense_dropout, 0.0, policy)


def _block(config: CnnConfig, index: int, x: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """One block of a `cnn`.

    The last ReLU follows the pooling: max and ReLU commute exactly, and there it has a quarter of the values.
    """
    name = f"block_{index + 1}"
    for number in range(1, config.depth + 1):
        x = layers.Conv2D(
            config.filters[index],
            at(config.kernels, index),
            padding=at(config.padding, index),
            kernel_regularizer=penalty(at(config.l1, index), at(config.l2, index)),
            name=f"{name}_conv_{number}",
            dtype=policy,
        )(x)
        if number < config.depth:
            x = _activate(x, config.batch_norm, f"{name}_conv_{number}", policy)
        elif config.batch_norm:
            x = layers.BatchNormalization(name=f"{name}_norm", dtype=policy)(x)
    x = layers.MaxPooling2D(padding=config.pool_padding, name=f"{name}_pool", dtype=policy)(x)
    x = layers.ReLU(name=f"{name}_relu", dtype=policy)(x)
    return dropout_layer(x, at(config.dropout, index), name, policy)


def _scale(image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    return layers.Rescaling(1 / 255, name="scale", dtype=policy)(image)


def _activate(x: keras.KerasTensor, normalised: bool, name: str, policy: str) -> keras.KerasTensor:
    if normalised:
        x = layers.BatchNormalization(name=f"{name}_norm", dtype=policy)(x)
    return layers.ReLU(name=f"{name}_relu", dtype=policy)(x)
