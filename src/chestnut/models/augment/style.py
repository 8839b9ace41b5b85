"""`RandomStyle`: give a training image the look of another image of its batch.

The other image is drawn regardless of class, so the look says nothing about the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from chestnut.models.augment.layer import RandomLayer

#: The number of quantiles by which two distributions of grey values are matched.
_QUANTILES = 33

#: The number of pixels along each side from which quantiles are computed: more of them hardly change a quantile.
_SAMPLES = 48


class RandomStyle(RandomLayer):
    """Histogram matching, then mixing of low-frequency amplitudes, each with an image drawn from the batch."""

    def change(self, images: Any) -> Any:
        """Draw another image for each image and adopt its look."""
        batch = ops.shape(images)[0]
        if self.config.style:
            images = self._match(images, self._draw_others(batch), batch)
        if self.config.fourier:
            images = self._mix(images, self._draw_others(batch), batch)
        return images

    def _draw_others(self, batch: Any) -> Any:
        """Draw a random order of the batch."""
        return ops.argsort(self._uniform(batch, 0.0, 1.0))

    def _match(self, images: Any, others: Any, batch: Any) -> Any:
        """Map the grey values of each image so that its quantiles become those of the other, linearly in between."""
        ours = _quantiles(images)
        chosen = self._uniform(batch, 0.0, 1.0)[:, None] < self.config.style
        theirs = ops.where(chosen, ops.take(ours, others, axis=0), ours)
        # All tables in one flat array, because a gather from that is the fastest
        grey = ops.cast(images + 0.5, "int32") + 256 * ops.reshape(ops.arange(batch), (batch, 1, 1, 1))
        return ops.take(ops.reshape(_table(ours, theirs), (-1,)), grey)

    def _mix(self, images: Any, others: Any, batch: Any) -> Any:
        """Mix the amplitudes of low frequencies with those of the other image; phases are kept (arXiv:2105.11120).

        Only these frequencies are computed, and their change is added to the image.
        """
        waves = _Waves.of(images.shape[1], images.shape[2], self.config.fourier)
        real, imaginary = waves.amplitudes(ops.transpose(images, (0, 3, 1, 2)))
        size = ops.sqrt(ops.square(real) + ops.square(imaginary))
        gain = self._each(batch, 0.0, 1.0) * (ops.take(size, others, axis=0) / ops.maximum(size, 1e-3) - 1)
        added = waves.image(real * gain, imaginary * gain)
        return ops.clip(images + ops.transpose(added, (0, 2, 3, 1)), 0.0, 255.0)


@dataclass(frozen=True)
class _Waves:
    """The low rows of the two Fourier matrices: frequencies -m..m down and 0..n across.

    Attributes:
        down: The cosines and sines down the image, shape (2, 2m+1, height).
        across: The cosines and sines across the image, shape (2, n+1, width).
    """

    down: npt.NDArray[np.float32]
    across: npt.NDArray[np.float32]

    @classmethod
    def of(cls, height: int, width: int, highest: float) -> _Waves:
        """Compute them up to a frequency in cycles per pixel."""
        rows, columns = int(highest * height), int(highest * width)
        down = 2 * np.pi * np.outer(np.arange(-rows, rows + 1), np.arange(height)) / height
        across = 2 * np.pi * np.outer(np.arange(columns + 1), np.arange(width)) / width
        return cls(
            np.stack([np.cos(down), np.sin(down)]).astype("float32"),
            np.stack([np.cos(across), np.sin(across)]).astype("float32"),
        )

    def amplitudes(self, images: Any) -> tuple[Any, Any]:
        """Return the real and imaginary parts, shape (..., 2m+1, n+1), of images (..., height, width)."""
        cosine, sine = (ops.matmul(wave, images) for wave in self.down)
        across = self.across.transpose(0, 2, 1)
        real = ops.matmul(cosine, across[0]) - ops.matmul(sine, across[1])
        return real, -ops.matmul(cosine, across[1]) - ops.matmul(sine, across[0])

    def image(self, real: Any, imaginary: Any) -> Any:
        """Return the real image, shape (..., height, width), of these frequencies and their conjugates."""
        count = self.down.shape[2] * self.across.shape[2]
        twice = np.where(np.arange(self.across.shape[1]) > 0, 2 / count, 1 / count).astype("float32")[:, None]
        cosine, sine = self.across * twice
        down = self.down.transpose(0, 2, 1)
        upright = ops.matmul(real, cosine) - ops.matmul(imaginary, sine)
        turned = ops.matmul(real, sine) + ops.matmul(imaginary, cosine)
        return ops.matmul(down[0], upright) - ops.matmul(down[1], turned)


def _quantiles(images: Any) -> Any:
    """Evenly spaced quantiles of each image's grey values, from lowest to highest, shape (batch, `_QUANTILES`)."""
    height, width = images.shape[1:3]
    sample = images[:, :: max(1, height // _SAMPLES), :: max(1, width // _SAMPLES), 0]
    count = sample.shape[1] * sample.shape[2]
    ordered = ops.sort(ops.reshape(sample, (-1, count)), axis=1)
    places = np.linspace(0, count - 1, _QUANTILES).round().astype("int32")
    return ops.take(ordered, places, axis=1)


def _table(ours: Any, theirs: Any) -> Any:
    """Return a new value for each grey value 0..255, shape (batch, 256), that maps the quantiles `ours` to `theirs`.

    Of equal quantiles the last counts. Below the lowest and above the highest, values keep their distance to it.
    """
    grey = ops.reshape(ops.arange(256, dtype="float32"), (1, 256))
    place = ops.sum(ops.cast(ours[:, None, :] <= grey[..., None], "int32"), axis=2) - 1
    below = ops.clip(place, 0, _QUANTILES - 2)
    start, end = (ops.take_along_axis(ours, below + step, axis=1) for step in (0, 1))
    low, high = (ops.take_along_axis(theirs, below + step, axis=1) for step in (0, 1))
    share = ops.clip((grey - start) / ops.maximum(end - start, 1e-3), 0.0, 1.0)
    beyond = ops.minimum(grey - ours[:, :1], 0.0) + ops.maximum(grey - ours[:, -1:], 0.0)
    return ops.clip(low + share * (high - low) + beyond, 0.0, 255.0)
