"""`GradientEngine`: an engine that also computes how the logits follow from the maps and pixels of an image."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.inference.engines.engine import Engine


class LayerGradients(NamedTuple):
    """What the last convolution of a network, or of a member of an ensemble, saw in images.

    Attributes:
        maps: The values, float32, shape (n, rows, columns, channels).
        gradients: How much the score changes with each value, float32, of the same shape.
    """

    maps: npt.NDArray[np.float32]
    gradients: npt.NDArray[np.float32]


class LayerAnswer(NamedTuple):
    """The logits of images, and what the last convolutions saw.

    Attributes:
        logits: Shape (n, logits).
        layers: One for a network, and one for each member with convolutions of an ensemble.
    """

    logits: npt.NDArray[np.float32]
    layers: Sequence[LayerGradients]


class PixelAnswer(NamedTuple):
    """The logits of images, and how a score changes with their pixels.

    Attributes:
        logits: Shape (n, logits).
        gradients: In logits for one grey level, float32, shape (n, height, width).
    """

    logits: npt.NDArray[np.float32]
    gradients: npt.NDArray[np.float32]


class GradientEngine(Engine):
    """An engine that also computes gradients of a score: the sum of the logits, each times a weight.

    Gradients are those of the image itself, not of the variants that the input spec may ask for.
    """

    @property
    @abstractmethod
    def outputs(self) -> int:
        """The number of logits."""

    @property
    @abstractmethod
    def has_maps(self) -> bool:
        """Whether the network has convolutions whose maps can be shown."""

    @abstractmethod
    def layer_gradients(self, images: Grey, weights: npt.NDArray[np.float32]) -> LayerAnswer:
        """Compute what the last convolutions saw, and how the score follows from it.

        Args:
            images: Images as the network sees them, uint8, shape (n, height, width).
            weights: The weight of each logit in the score, shape (logits,) or (n, logits).
        """

    @abstractmethod
    def pixel_gradients(self, images: npt.NDArray[np.floating], weights: npt.NDArray[np.float32]) -> PixelAnswer:
        """Compute how the score changes with each pixel.

        Args:
            images: Grey values 0..255, not necessarily whole, shape (n, height, width).
            weights: The weight of each logit in the score, shape (logits,) or (n, logits).
        """
