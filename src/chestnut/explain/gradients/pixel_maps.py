"""Maps of pixels, from the gradients of a score at many images that are like the one to explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.inference.engines.gradient_engine import GradientEngine

Values = npt.NDArray[np.float32]

#: The steps from a black image to the image, at the middle of each of which the gradient is taken.
STEPS = 32

#: The noisy copies of an image, and the deviation of their noise as a share of the image's range of greys.
COPIES, NOISE = 16, 0.1

#: The number of images that are computed at a time.
_TOGETHER = 16


def integrate_gradients(
    engine: GradientEngine,
    image: Grey,
    weights: Values,
    *,
    steps: int = STEPS,
    on_batch: Callable[[], None] | None = None,
) -> Values:
    """Compute how much each pixel adds to a score on the way from black (Sundararajan et al. 2017, arXiv:1703.01365).

    Args:
        engine: The network.
        image: The image as the network sees it, uint8, shape (height, width).
        weights: The weight of each logit in the score, shape (logits,).
        steps: The number of steps; the sum comes nearer to the change of the score the more there are.
        on_batch: Is called before each batch of images; what it raises ends the computation.

    Returns:
        Shape (height, width); the mean is about the score of the image less that of a black one.
    """
    plain = image.astype(np.float32)
    shares = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    between = (np.asarray(shares[rows, None, None] * plain, np.float32) for rows in _batches(steps))
    total = _sum_gradients(engine, between, weights, on_batch)
    return np.asarray(plain * total / steps * image.size, np.float32)


def smooth_gradients(
    engine: GradientEngine,
    image: Grey,
    weights: Values,
    *,
    copies: int = COPIES,
    seed: int = 0,
    on_batch: Callable[[], None] | None = None,
) -> Values:
    """Compute how strongly a score reacts to each pixel, by noisy copies of the image (Smilkov 2017, arXiv:1706.03825).

    Args:
        engine: The network.
        image: The image as the network sees it, uint8, shape (height, width).
        weights: The weight of each logit in the score, shape (logits,).
        copies: The number of noisy copies, 1 or more.
        seed: The seed of the noise.
        on_batch: Is called before each batch of images; what it raises ends the computation.

    Returns:
        Shape (height, width), 0 or more: the change of the score were the pixel to change by the whole range of greys.
    """
    random = np.random.default_rng(seed)
    plain = image.astype(np.float32)
    deviation = NOISE * (plain.max() - plain.min())

    def draw(rows: slice) -> Values:
        noise = random.standard_normal((rows.stop - rows.start, *image.shape), dtype=np.float32)
        return np.asarray(np.clip(plain + deviation * noise, 0, 255), np.float32)

    total = _sum_gradients(engine, map(draw, _batches(copies)), weights, on_batch)
    return np.asarray(np.abs(total) / copies * 255, np.float32)


def _batches(count: int) -> Iterator[slice]:
    for start in range(0, count, _TOGETHER):
        yield slice(start, min(start + _TOGETHER, count))


def _sum_gradients(
    engine: GradientEngine, batches: Iterable[Values], weights: Values, on_batch: Callable[[], None] | None
) -> npt.NDArray[np.float64]:
    """Return the sum of the gradients at many images, shape (height, width)."""
    total = np.zeros((engine.spec.height, engine.spec.width), np.float64)
    for images in batches:
        if on_batch is not None:
            on_batch()
        total += engine.pixel_gradients(images, weights).gradients.sum(axis=0, dtype=np.float64)
    return total
