"""Random changes to training images, on the device: ONE affine resampling and ONE photometric layer.

`training` puts them before the network while it trains; they are never part of a saved network.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from chestnut.config import AugmentConfig


def augmentation(config: AugmentConfig, seed: int) -> list[keras.layers.Layer]:
    """The layers that a recipe's `[augment]` table asks for: none, one or two."""
    made: list[keras.layers.Layer] = []
    if config.geometric:
        made.append(RandomAffine(config, seed=seed, name="affine"))
    if config.photometric:
        made.append(RandomPhotometric(config, seed=seed + 1, name="photometric"))
    return made


class _RandomLayer(keras.layers.Layer):
    """A layer with its own stream of random numbers, active while training only."""

    def __init__(self, config: AugmentConfig, *, seed: int, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.config = config
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Change images (batch, height, width, channels) of grey values 0..255 while training."""
        images = ops.cast(images, "float32")
        return self.change(images) if training else images

    def change(self, images: Any) -> Any:
        """The random change itself."""
        raise TypeError(f"{type(self).__name__} changes nothing; use RandomAffine or RandomPhotometric")

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape is kept."""
        return shape

    def _uniform(self, batch: Any, low: float, high: float) -> Any:
        return keras.random.uniform((batch,), low, high, seed=self.seed_generator)


class RandomAffine(_RandomLayer):
    """Flip, rotation, shift, zoom and shear, composed into one matrix an image and resampled once (bilinear)."""

    def change(self, images: Any) -> Any:
        """Draw a matrix for each image and resample."""
        batch, height, width = ops.shape(images)[0], ops.shape(images)[1], ops.shape(images)[2]
        return ops.image.affine_transform(
            images,
            self._matrices(batch, ops.cast(height, "float32"), ops.cast(width, "float32")),
            interpolation="bilinear",
            fill_mode=self.config.fill,
            fill_value=0.0,
        )

    def _matrices(self, batch: Any, height: Any, width: Any) -> Any:
        """Matrices from output to input pixels, about the image's centre: (batch, 8), rows a0 a1 a2 b0 b1 b2 0 0."""
        config = self.config
        angle = self._uniform(batch, -math.radians(config.rotation), math.radians(config.rotation))
        slant = ops.tan(self._uniform(batch, -math.radians(config.shear), math.radians(config.shear)))
        scale = 1 / self._uniform(batch, 1 - config.zoom, 1 + config.zoom)
        right = self._uniform(batch, -config.shift, config.shift) * width
        down = self._uniform(batch, -config.shift, config.shift) * height
        mirror = ops.where(self._uniform(batch, 0.0, 1.0) < 0.5 * config.flip, -1.0, 1.0)
        cosine, sine = ops.cos(angle) * scale, ops.sin(angle) * scale
        a0, a1 = cosine * mirror, (cosine * slant - sine) * mirror
        b0, b1 = sine, sine * slant + cosine
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        a2 = middle_x - a0 * (middle_x + right) - a1 * (middle_y + down)
        b2 = middle_y - b0 * (middle_x + right) - b1 * (middle_y + down)
        zero = ops.zeros_like(a0)
        return ops.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


class RandomPhotometric(_RandomLayer):
    """Contrast, brightness, gamma, blur and noise, in that order, on grey values 0..255; the result is clipped."""

    def change(self, images: Any) -> Any:
        """Draw a strength of each change for each image and apply them."""
        config, batch = self.config, ops.shape(images)[0]
        x = images / 255.0
        if config.contrast:
            mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
            x = (x - mean) * self._each(batch, 1 - config.contrast, 1 + config.contrast) + mean
        if config.brightness:
            x = x + self._each(batch, -config.brightness, config.brightness)
        if config.gamma:
            reach = -math.log(1 - config.gamma)
            x = ops.power(ops.clip(x, 1e-6, 1.0), ops.exp(self._each(batch, -reach, reach)))
        if config.blur:
            x = self._blurred(x, batch)
        if config.noise:
            grain = keras.random.normal((*ops.shape(x)[:3], 1), seed=self.seed_generator)
            x = x + grain * self._each(batch, 0.0, config.noise)
        return ops.clip(x, 0.0, 1.0) * 255.0

    def _each(self, batch: Any, low: float, high: float) -> Any:
        """One number an image, shaped to multiply images."""
        return ops.reshape(self._uniform(batch, low, high), (batch, 1, 1, 1))

    def _blurred(self, x: Any, batch: Any) -> Any:
        """A Gaussian blur of its own width for each image: weighted sums of shifted copies, one axis at a time."""
        sigma = ops.maximum(self._each(batch, 0.0, self.config.blur), 1e-3)
        radius = max(1, math.ceil(2.5 * self.config.blur))
        weights = [ops.exp(-0.5 * ops.square(step / sigma)) for step in range(radius + 1)]
        total = weights[0] + 2 * sum(weights[1:])
        for axis in (1, 2):
            padding = [(0, 0)] * 4
            padding[axis] = (radius, radius)
            padded = ops.pad(x, padding, mode="reflect")
            length = x.shape[axis]
            parts = [
                weights[abs(step)] * _window(padded, axis, radius + step, length) for step in range(-radius, radius + 1)
            ]
            x = sum(parts) / total
        return x


def _window(x: Any, axis: int, start: int, length: int) -> Any:
    return x[:, start : start + length] if axis == 1 else x[:, :, start : start + length]
