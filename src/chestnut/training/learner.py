"""A network as it is trained: augmentation before it, a loss on its logits, an optimiser, the running accuracy."""

from __future__ import annotations

from typing import Any

import keras

from chestnut.config import LossConfig, OptimConfig, Recipe
from chestnut.models.device import compiled
from chestnut.models.layers import augmentation


class Learner(keras.Model):
    """A network behind its augmentation; the network alone is what is kept.

    Attributes:
        network: From images in 0..255 to logits.
        augment: Layers that change images while training.
    """

    def __init__(self, network: keras.Model, recipe: Recipe, policy: str) -> None:
        super().__init__(dtype=policy, name="learner")
        self.network = network
        self.augment = augmentation(recipe.augment, recipe.seed)
        self.compile(
            optimizer=optimizer(recipe.optim),
            loss=loss(recipe.loss, recipe.model.head),
            metrics=[_cross_entropy(recipe.model.head), _accuracy(recipe.model.head)],
            jit_compile=compiled(),
        )

    def call(self, images: Any, training: bool = False) -> Any:
        """Logits of images (batch, height, width, channels), changed at random while training."""
        for layer in self.augment:
            images = layer(images, training=training)
        return self.network(images, training=training)


def loss(config: LossConfig, head: str) -> keras.losses.Loss:
    """The loss on logits that a recipe names.

    The focal loss is Lin 2017 (arXiv:1708.02002), without its class weight: `data.balance` is there for that.
    """
    if config.name == "focal":
        if head == "sigmoid":
            return keras.losses.BinaryFocalCrossentropy(
                gamma=config.gamma, from_logits=True, label_smoothing=config.label_smoothing
            )
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=config.gamma, from_logits=True, label_smoothing=config.label_smoothing
        )
    if head == "sigmoid":
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)


def optimizer(config: OptimConfig) -> keras.optimizers.Optimizer:
    """The optimiser that a recipe names, at its full learning rate."""
    shared: dict[str, Any] = {
        "learning_rate": config.learning_rate,
        "weight_decay": config.weight_decay or None,
        "global_clipnorm": config.clip_norm or None,
    }
    betas = {"beta_1": config.beta_1, "beta_2": config.beta_2}
    match config.name:
        case "sgd":
            return keras.optimizers.SGD(momentum=config.momentum, **shared)
        case "rmsprop":
            return keras.optimizers.RMSprop(momentum=config.momentum, epsilon=config.epsilon, **shared)
        case "adamw":
            return keras.optimizers.AdamW(
                epsilon=config.epsilon, **betas, **shared | {"weight_decay": config.weight_decay}
            )
        case "nadam":
            return keras.optimizers.Nadam(epsilon=config.epsilon, **betas, **shared)
        case "lion":
            return keras.optimizers.Lion(**betas, **shared)
        case _:
            return keras.optimizers.Adam(epsilon=config.epsilon, **betas, **shared)


def _cross_entropy(head: str) -> keras.metrics.Metric:
    """The loss without smoothing, weights and penalties: the quantity that `val_loss` is, so the two compare."""
    if head == "sigmoid":
        return keras.metrics.BinaryCrossentropy(name="cross_entropy", from_logits=True)
    return keras.metrics.CategoricalCrossentropy(name="cross_entropy", from_logits=True)


def _accuracy(head: str) -> keras.metrics.Metric:
    if head == "sigmoid":
        return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    return keras.metrics.CategoricalAccuracy(name="accuracy")
