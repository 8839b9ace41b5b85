"""`RandomStyle`: the look of a training image, taken from another image of its batch.

Which image lends its look has nothing to do with the class, so the look tells a network nothing about the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from chestnut.models.augment.layer import RandomLayer

#: Quantiles by which two distributions of grey values are matched.
_QUANTILES = 33

#: Pixels along each side from which an image's quantiles are taken: more of them hardly move a quantile.
_SAMPLES = 48


class RandomStyle(RandomLayer):
    """Histogram matching, then mixing of low-frequency amplitudes, each with a lender drawn from the batch."""

    def change(self, images: Any) -> Any:
        """Draw a lender for each image and take on its look."""
        batch = ops.shape(images)[0]
        if self.config.style:
            images = self._matched(images, self._lender(batch), batch)
        if self.config.fourier:
            images = self._mixed(images, self._lender(batch), batch)
        return images

    def _lender(self, batch: Any) -> Any:
        """A random order of the batch."""
        return ops.argsort(self._uniform(batch, 0.0, 1.0))

    def _matched(self, images: Any, lender: Any, batch: Any) -> Any:
        """Move an image's grey values so that its quantiles become its lender's, piecewise linear between them."""
        ours = _quantiles(images)
        chosen = self._uniform(batch, 0.0, 1.0)[:, None] < self.config.style
        theirs = ops.where(chosen, ops.take(ours, lender, axis=0), ours)
        # One table after the other: a gather from a flat array is the fastest there is
        grey = ops.cast(images + 0.5, "int32") + 256 * ops.reshape(ops.arange(batch), (batch, 1, 1, 1))
        return ops.take(ops.reshape(_table(ours, theirs), (-1,)), grey)

    def _mixed(self, images: Any, lender: Any, batch: Any) -> Any:
        """Mix the amplitudes of an image's low frequencies with its lender's; the phases stay (arXiv:2105.11120).

        Only those frequencies are computed, and what they gain is added to the image.
        """
        waves = _Waves.of(images.shape[1], images.shape[2], self.config.fourier)
        real, imaginary = waves.amplitudes(ops.transpose(images, (0, 3, 1, 2)))
        size = ops.sqrt(ops.square(real) + ops.square(imaginary))
        gain = self._each(batch, 0.0, 1.0) * (ops.take(size, lender, axis=0) / ops.maximum(size, 1e-3) - 1)
        added = waves.image(real * gain, imaginary * gain)
        return ops.clip(images + ops.transpose(added, (0, 2, 3, 1)), 0.0, 255.0)


@dataclass(frozen=True)
class _Waves:
    """The low rows of the two Fourier matrices, as cosines and sines: frequencies -m..m down and 0..n across.

    Attributes:
        down: (2, 2m+1, height), cosines first.
        across: (2, n+1, width), cosines first.
    """

    down: npt.NDArray[np.float32]
    across: npt.NDArray[np.float32]

    @classmethod
    def of(cls, height: int, width: int, highest: float) -> _Waves:
        """Those up to a frequency in cycles a pixel."""
        rows, columns = int(highest * height), int(highest * width)
        down = 2 * np.pi * np.outer(np.arange(-rows, rows + 1), np.arange(height)) / height
        across = 2 * np.pi * np.outer(np.arange(columns + 1), np.arange(width)) / width
        return cls(
            np.stack([np.cos(down), np.sin(down)]).astype("float32"),
            np.stack([np.cos(across), np.sin(across)]).astype("float32"),
        )

    def amplitudes(self, images: Any) -> tuple[Any, Any]:
        """Real and imaginary parts, (..., 2m+1, n+1), of images (..., height, width)."""
        cosine, sine = (ops.matmul(wave, images) for wave in self.down)
        across = self.across.transpose(0, 2, 1)
        real = ops.matmul(cosine, across[0]) - ops.matmul(sine, across[1])
        return real, -ops.matmul(cosine, across[1]) - ops.matmul(sine, across[0])

    def image(self, real: Any, imaginary: Any) -> Any:
        """The real image, (..., height, width), that consists of these frequencies and of their conjugates."""
        count = self.down.shape[2] * self.across.shape[2]
        twice = np.where(np.arange(self.across.shape[1]) > 0, 2 / count, 1 / count).astype("float32")[:, None]
        cosine, sine = self.across * twice
        down = self.down.transpose(0, 2, 1)
        upright = ops.matmul(real, cosine) - ops.matmul(imaginary, sine)
        turned = ops.matmul(real, sine) + ops.matmul(imaginary, cosine)
        return ops.matmul(down[0], upright) - ops.matmul(down[1], turned)


def _quantiles(images: Any) -> Any:
    """Evenly spaced quantiles of each image's grey values, from the least to the greatest, (batch, `_QUANTILES`)."""
    height, width = images.shape[1:3]
    sample = images[:, :: max(1, height // _SAMPLES), :: max(1, width // _SAMPLES), 0]
    count = sample.shape[1] * sample.shape[2]
    ordered = ops.sort(ops.reshape(sample, (-1, count)), axis=1)
    places = np.linspace(0, count - 1, _QUANTILES).round().astype("int32")
    return ops.take(ordered, places, axis=1)


def _table(ours: Any, theirs: Any) -> Any:
    """What each grey value 0..255 becomes, (batch, 256), where each of `ours` becomes the one of `theirs`.

    Of equal ones the last counts. Below the least and above the greatest, values keep their distance to it.
    """
    grey = ops.reshape(ops.arange(256, dtype="float32"), (1, 256))
    place = ops.sum(ops.cast(ours[:, None, :] <= grey[..., None], "int32"), axis=2) - 1
    below = ops.clip(place, 0, _QUANTILES - 2)
    start, end = (ops.take_along_axis(ours, below + step, axis=1) for step in (0, 1))
    low, high = (ops.take_along_axis(theirs, below + step, axis=1) for step in (0, 1))
    share = ops.clip((grey - start) / ops.maximum(end - start, 1e-3), 0.0, 1.0)
    beyond = ops.minimum(grey - ours[:, :1], 0.0) + ops.maximum(grey - ours[:, -1:], 0.0)
    return ops.clip(low + share * (high - low) + beyond, 0.0, 255.0)
