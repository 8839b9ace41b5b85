"""`RandomAffine`: random changes of position, size and orientation."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from chestnut.models.augment.layer import RandomLayer


class RandomAffine(RandomLayer):
    """Flip, rotation, shift, zoom, aspect and shear as one matrix for each image, resampled once (bilinear)."""

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
        """Matrices from output to input pixels, about the centre, shape (batch, 8), rows a0 a1 a2 b0 b1 b2 0 0."""
        config = self.config
        angle = self._uniform(batch, -math.radians(config.rotation), math.radians(config.rotation))
        slant = ops.tan(self._uniform(batch, -math.radians(config.shear), math.radians(config.shear)))
        scale = 1 / self._uniform(batch, 1 - config.zoom, 1 + config.zoom)
        right = self._uniform(batch, -config.shift, config.shift) * width
        down = self._uniform(batch, -config.shift, config.shift) * height
        mirror = ops.where(self._uniform(batch, 0.0, 1.0) < 0.5 * config.flip, -1.0, 1.0)
        wider = self._draw_widening(batch) if config.aspect else ops.ones_like(scale)
        cosine, sine = ops.cos(angle) * scale, ops.sin(angle) * scale
        a0, a1 = cosine * mirror / wider, (cosine * slant - sine) * mirror / wider
        b0, b1 = sine * wider, (sine * slant + cosine) * wider
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        a2 = middle_x - a0 * (middle_x + right) - a1 * (middle_y + down)
        b2 = middle_y - b0 * (middle_x + right) - b1 * (middle_y + down)
        zero = ops.zeros_like(a0)
        return ops.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)

    def _draw_widening(self, batch: Any) -> Any:
        """Draw the factor by which each image becomes wider and lower: the root of the change of its aspect."""
        reach = -math.log(1 - self.config.aspect) / 2
        return ops.exp(self._uniform(batch, -reach, reach))
