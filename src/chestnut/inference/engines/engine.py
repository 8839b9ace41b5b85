"""`Engine`: computes logits, features and probabilities from pixels, whatever runs the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.pixels import Grey
from chestnut.errors import BundleError, listed
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.test_time import variants

#: Receives (images done, images in total).
Tick = Callable[[int, int], None]


class Outputs(NamedTuple):
    """What a network computes of images.

    Attributes:
        features: The features, shape (n, features).
        logits: The logits, shape (n, classes), or (n, 1) from a sigmoid head; all finite.
    """

    features: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float64]


class Images:
    """Images of which a network sees one variant, read batch by batch.

    Args:
        pixels: Grey values, array-like of shape (n, height, width), uint8.
        variant: What is done to each image.
    """

    def __init__(self, pixels: Any, variant: Callable[[Grey], Grey]) -> None:
        self._pixels, self._variant = pixels, variant

    def __len__(self) -> int:
        return len(self._pixels)

    def batch(self, start: int, stop: int) -> Grey:
        """Return the images from one row up to, but not including, another."""
        return self._variant(np.asarray(self._pixels[start:stop]))


class Engine(ABC):
    """A network that is ready to compute.

    Attributes:
        spec: The size, channels and grey values of its input.
        parallel: Whether several threads may compute with it at once, each on a core of its own.
    """

    spec: InputSpec
    parallel: ClassVar[bool] = False

    @abstractmethod
    def compute_logits(self, images: Images, progress: Tick | None) -> npt.NDArray[np.float32]:
        """Compute the logits of images, shape (n, logits)."""

    @abstractmethod
    def compute_both(
        self, images: Images, progress: Tick | None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Compute the features of images and, in the same pass, their logits."""

    def logits(self, pixels: Any, progress: Tick | None = None) -> npt.NDArray[np.float32]:
        """Compute the logits of images, as the mean over the variants of each image that the input spec asks for.

        Args:
            pixels: Grey values, array-like of shape (n, height, width), uint8.
            progress: A function that receives (images done, images in total), from the start for each variant.

        Returns:
            Logits, shape (n, classes) or, for a network with one output, (n, 1).
        """
        return _mean([self.compute_logits(images, progress) for images in self._variants(pixels)])

    def features(self, pixels: Any, names: Sequence[str], progress: Tick | None = None) -> Outputs:
        """Compute the features of images and, in the same pass, their logits; both are means over the variants.

        Args:
            pixels: Grey values, array-like of shape (n, height, width), uint8.
            names: The names of the n images, for messages.
            progress: A function that receives (images done, images in total), from the start for each variant.

        Raises:
            BundleError: The network's output for an image is NaN or infinite, so that nothing can be decided.
        """
        parts = [self.compute_both(images, progress) for images in self._variants(pixels)]
        features, logits = (_mean(each) for each in zip(*parts, strict=True))
        require_finite(features, names)
        return Outputs(features, require_finite(logits, names))

    def finite_logits(self, pixels: Any, names: Sequence[str], progress: Tick | None = None) -> npt.NDArray[np.float64]:
        """Compute the logits of images, and check them.

        Args:
            pixels: Grey values, array-like of shape (n, height, width), uint8.
            names: The names of the n images, for messages.
            progress: A function that receives (images done, images in total), from the start for each variant.

        Raises:
            BundleError: The network's output for an image is NaN or infinite, so that nothing can be decided.
        """
        return require_finite(self.logits(pixels, progress), names)

    def probabilities(
        self, pixels: Any, names: Sequence[str], temperature: float = 1.0, progress: Tick | None = None
    ) -> npt.NDArray[np.float64]:
        """Compute the probabilities of images.

        Args:
            pixels: Grey values, array-like of shape (n, height, width), uint8.
            names: The names of the n images, for messages.
            temperature: The number, above 0, that divides the logits.
            progress: A function that receives (images done, images in total), from the start for each variant.

        Returns:
            Shape (n, classes), each row summing to 1.

        Raises:
            BundleError: The network's output for an image is NaN or infinite, so that nothing can be decided.
        """
        return probabilities(self.finite_logits(pixels, names, progress), temperature)

    def _variants(self, pixels: Any) -> list[Images]:
        return [Images(pixels, variant) for variant in variants(self.spec.variants)]


def require_finite(outputs: npt.NDArray[np.float32], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return outputs, one row an image, if all are finite.

    Raises:
        BundleError: An output is NaN or infinite; the message names the images.
    """
    if len(wrong := np.flatnonzero(~np.isfinite(outputs).all(axis=1)).tolist()):
        raise BundleError(
            f"the network's output is NaN or infinite for {len(wrong):,} of {len(names):,} images "
            f"({listed([names[row] for row in wrong], 3)}), so it decides nothing; restore the run from a copy, or "
            "train again"
        )
    return outputs.astype(np.float64)


def _mean(parts: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.asarray(np.mean(parts, axis=0), dtype=np.float32)
