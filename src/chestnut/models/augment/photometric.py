"""`RandomPhotometric`: random changes of brightness, contrast, sharpness and noise."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from chestnut.models.augment.layer import RandomLayer

#: Fine detail is what a Gaussian removes whose standard deviation is between these shares of the shorter side.
_FINE = (0.005, 0.02)


class RandomPhotometric(RandomLayer):
    """Contrast, brightness, gamma, detail, blur and noise, in that order, on grey values, which stay in 0..255."""

    def change(self, images: Any) -> Any:
        """Draw the strength of each change for each image and apply them."""
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
        if config.detail:
            x = self._change_detail(x, batch)
        if config.blur:
            x = _blur(x, self._each(batch, 0.0, config.blur), config.blur)
        if config.noise:
            grain = keras.random.normal((*ops.shape(x)[:3], 1), seed=self.seed_generator)
            x = x + grain * self._each(batch, 0.0, config.noise)
        return ops.clip(x, 0.0, 1.0) * 255.0

    def _change_detail(self, x: Any, batch: Any) -> Any:
        """Strengthen or weaken fine detail, as other processing would, without changing what is coarser."""
        least, most = (share * min(x.shape[1:3]) for share in _FINE)
        smooth = _blur(x, self._each(batch, least, most), most)
        reach = -math.log(1 - self.config.detail)
        return smooth + ops.exp(self._each(batch, -reach, reach)) * (x - smooth)


def _blur(x: Any, sigma: Any, most: float) -> Any:
    """Blur each image by a Gaussian of its own width: weighted sums of shifted copies, one axis at a time.

    Args:
        x: The images, shape (batch, height, width, channels).
        sigma: The standard deviations in pixels, shape (batch, 1, 1, 1).
        most: The greatest that they can be.
    """
    sigma = ops.maximum(sigma, 1e-3)
    radius = max(1, math.ceil(2.5 * most))
    weights = [ops.exp(-0.5 * ops.square(step / sigma)) for step in range(radius + 1)]
    total = weights[0] + 2 * sum(weights[1:])
    for axis in (1, 2):
        length = x.shape[axis]
        mirrored = np.pad(np.arange(length), radius, mode="reflect")
        parts = [
            weights[abs(step)] * ops.take(x, mirrored[radius + step : radius + step + length], axis=axis)
            for step in range(-radius, radius + 1)
        ]
        x = sum(parts) / total
    return x
