"""`Learner`: a network with augmentation before it, a loss on its logits, an optimiser and running metrics."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from chestnut.config import LossConfig, Recipe
from chestnut.models.augment import augmentation
from chestnut.models.device import compiled
from chestnut.training.layer_rates import has_paces
from chestnut.training.optimizers import optimizer


class Learner(keras.Model):
    """A network with its augmentation, for training; afterwards only the network is kept.

    Attributes:
        network: The trained network, which maps images in 0..255, or the outputs of a frozen part, to logits.
        frozen: The part below it that is not trained, in inference mode; None if its outputs were computed before, or
            if there is none.
        augment: The layers that change images during training; none if the inputs are outputs of a frozen part.
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
            optimizer=optimizer(recipe.optim, recipe.train.average, has_paces(recipe.model)),
            loss=loss(recipe.loss, recipe.model.head),
            weighted_metrics=[_cross_entropy(recipe.model.head), _accuracy(recipe.model.head)],
            jit_compile=compiled(),
        )

    def build_variables(self, batch: tuple[Any, ...]) -> None:
        """Create all variables: those of the layers, the optimiser, the loss and the metrics; nothing is computed.

        Args:
            batch: A batch of inputs, targets and perhaps weights.
        """
        self._symbolic_build(data_batch=batch)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the logits of images (batch, height, width, channels), augmented during training, or of features."""
        for layer in self.augment:
            inputs = layer(inputs, training=training)
        if self.frozen is not None:
            inputs = self.frozen(inputs, training=False)
        return self.network(inputs, training=training)


def loss(config: LossConfig, head: str) -> keras.losses.Loss:
    """Return the loss on logits that a recipe names.

    The focal loss is that of Lin 2017 (arXiv:1708.02002) without its class weight, for which there is `data.balance`.
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
    """A mean over images in which all count equally, except those of weight 0, which only pad a batch."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch; the images' weights in the loss, shape (b,), show which of them count."""
        counted = None if sample_weight is None else ops.cast(sample_weight > 0, "float32")
        return super().update_state(y_true, y_pred, counted)


def _cross_entropy(head: str) -> keras.metrics.Metric:
    """Return the loss without smoothing, weights and penalties, so that it is comparable with `val_loss`."""
    kind = keras.losses.binary_crossentropy if head == "sigmoid" else keras.losses.categorical_crossentropy
    return ImageMean(kind, name="cross_entropy", from_logits=True)


def _accuracy(head: str) -> keras.metrics.Metric:
    if head == "sigmoid":
        return ImageMean(keras.metrics.binary_accuracy, name="accuracy", threshold=0.0)
    return ImageMean(keras.metrics.categorical_accuracy, name="accuracy")
