"""`RandomLayer`: the base class of the augmentation layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from chestnut.config import AugmentConfig


class RandomLayer(keras.layers.Layer):
    """A layer with its own random numbers, which is active only during training."""

    def __init__(self, config: AugmentConfig, *, seed: int, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.config = config
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Change images (batch, height, width, channels) of grey values 0..255 during training."""
        images = ops.cast(images, "float32")
        if not training:
            return images
        changed = self.change(images)
        if not self.config.clean:
            return changed
        return ops.where(self._each(ops.shape(images)[0], 0.0, 1.0) < self.config.clean, images, changed)

    def change(self, images: Any) -> Any:
        """Change every image at random."""
        raise TypeError(f"{type(self).__name__} is abstract; use one of its subclasses")

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the same shape."""
        return shape

    def _uniform(self, batch: Any, low: float, high: float) -> Any:
        """Draw a random number for each image, shape (batch,)."""
        return keras.random.uniform((batch,), low, high, seed=self.seed_generator)

    def _each(self, batch: Any, low: float, high: float) -> Any:
        """Draw a random number for each image, shape (batch, 1, 1, 1)."""
        return ops.reshape(self._uniform(batch, low, high), (batch, 1, 1, 1))
