"""`RandomDegrade`: random loss of detail, by resolution and by JPEG compression."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from chestnut.models.augment.layer import RandomLayer

#: The luminance table of JPEG at quality 50 (ITU-T T.81, table K.1).
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=np.float32,
)


class RandomDegrade(RandomLayer):
    """Shrinking and enlarging, then the rounding of JPEG."""

    def change(self, images: Any) -> Any:
        """Draw a loss of each kind for each image and apply it."""
        batch = ops.shape(images)[0]
        if self.config.resolution:
            images = self._reduce_resolution(images, batch)
        if self.config.jpeg:
            quality = self._uniform(batch, 100 * (1 - self.config.jpeg), 100.0)
            images = _compress(images, ops.clip(quality, 1.0, 100.0))
        return images

    def _reduce_resolution(self, images: Any, batch: Any) -> Any:
        """Shrink images to a random size and enlarge them again.

        The size lies between two halvings, and the result is a blend of these two.
        """
        octaves = -ops.log2(self._each(batch, 1 - self.config.resolution, 1.0))
        size, result = images.shape[1:3], images
        smaller = images
        for octave in range(math.ceil(-math.log2(1 - self.config.resolution))):
            smaller = _halve(_halve(smaller, 1), 2)
            share = ops.clip(octaves - octave, 0.0, 1.0)
            result = result + share * (ops.image.resize(smaller, size, interpolation="bilinear") - result)
        return result


def _halve(images: Any, axis: int) -> Any:
    """Return the means of two neighbours along an axis; a last one without a neighbour is kept."""
    length = images.shape[axis]
    first = np.arange(0, length, 2)
    second = np.minimum(first + 1, length - 1)
    return (ops.take(images, first, axis=axis) + ops.take(images, second, axis=axis)) / 2


def _compress(images: Any, quality: Any) -> Any:
    """Round the cosine amplitudes of 8×8 blocks as JPEG does, at the qualities 1..100 of the images, shape (batch,)."""
    batch, (height, width, channels) = ops.shape(images)[0], images.shape[1:]
    down, across = -(-height // 8), -(-width // 8)
    padded = ops.take(images, np.minimum(np.arange(8 * down), height - 1), axis=1)
    padded = ops.take(padded, np.minimum(np.arange(8 * across), width - 1), axis=2)
    blocks = ops.reshape(padded, (batch, down, 8, across, 8, channels))
    blocks = ops.reshape(ops.transpose(blocks, (0, 1, 3, 5, 2, 4)), (batch, down * across * channels, 64)) - 128.0
    steps = _steps(quality)
    basis = _cosines()
    blocks = ops.matmul(ops.round(ops.matmul(blocks, basis.T) / steps) * steps, basis) + 128.0
    blocks = ops.transpose(ops.reshape(blocks, (batch, down, across, channels, 8, 8)), (0, 1, 4, 2, 5, 3))
    whole = ops.reshape(blocks, (batch, 8 * down, 8 * across, channels))
    return ops.clip(whole[:, :height, :width], 0.0, 255.0)


def _steps(quality: Any) -> Any:
    """Return the rounding step of each amplitude, shape (batch, 1, 64), scaled by quality as libjpeg does."""
    percent = ops.where(quality < 50, 5000.0 / quality, 200.0 - 2 * quality)
    table = ops.convert_to_tensor(_LUMINANCE.reshape(1, 1, 64))
    return ops.clip(ops.floor((table * percent[:, None, None] + 50) / 100), 1.0, 255.0)


def _cosines() -> npt.NDArray[np.float32]:
    """Return the orthonormal cosine transform of an 8×8 block, shape (64 amplitudes, 64 pixels)."""
    wave = np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(8) + 1) / 16) * 0.5
    wave[0] /= np.sqrt(2)
    return np.kron(wave, wave).astype("float32")
