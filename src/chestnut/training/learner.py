"""A network as it is trained: augmentation before it, a loss on its logits, an optimiser, the running accuracy."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from chestnut.config import LossConfig, Recipe
from chestnut.models.augment import augmentation
from chestnut.models.device import compiled
from chestnut.training.layer_rates import paced
from chestnut.training.optimizers import optimizer


class Learner(keras.Model):
    """A network behind its augmentation; the network alone is what is kept.

    Attributes:
        network: What is trained: from images in 0..255, or from what a frozen part made of them, to logits.
        frozen: The part below it that is not trained, in inference mode; None where it was computed before, or is none.
        augment: Layers that change images while training; none where features are fed.
    """

    def __init__(
        self,
        network: keras.Model,
        recipe: Recipe,
        policy: str,
        *,
        frozen: keras.Model | None = None,
        features: bool = False,
    ) -> None:
        super().__init__(dtype=policy, name="learner")
        self.network = network
        self.frozen = frozen
        self.augment = [] if features else augmentation(recipe.augment, recipe.seed)
        self.compile(
            optimizer=optimizer(recipe.optim, recipe.train.average, paced(recipe.model)),
            loss=loss(recipe.loss, recipe.model.head),
            weighted_metrics=[_cross_entropy(recipe.model.head), _accuracy(recipe.model.head)],
            jit_compile=compiled(),
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Logits of images (batch, height, width, channels), changed at random while training, or of features."""
        for layer in self.augment:
            inputs = layer(inputs, training=training)
        if self.frozen is not None:
            inputs = self.frozen(inputs, training=False)
        return self.network(inputs, training=training)


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


class ImageMean(keras.metrics.MeanMetricWrapper):
    """A mean over images, each counted once whatever its weight; those of weight 0 only pad a batch."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch; what its images weigh in the loss, (b,), tells which of them count."""
        counted = None if sample_weight is None else ops.cast(sample_weight > 0, "float32")
        return super().update_state(y_true, y_pred, counted)


def _cross_entropy(head: str) -> keras.metrics.Metric:
    """The loss without smoothing, weights and penalties: the quantity that `val_loss` is, so the two compare."""
    kind = keras.losses.binary_crossentropy if head == "sigmoid" else keras.losses.categorical_crossentropy
    return ImageMean(kind, name="cross_entropy", from_logits=True)


def _accuracy(head: str) -> keras.metrics.Metric:
    if head == "sigmoid":
        return ImageMean(keras.metrics.binary_accuracy, name="accuracy", threshold=0.0)
    return ImageMean(keras.metrics.categorical_accuracy, name="accuracy")
