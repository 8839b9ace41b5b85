"""`LayerEngine`: an engine that also gives what the layers of its network put out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.inference.engines.engine import Engine
from chestnut.models.gradients.map_layer import MapLayer


class LayerEngine(Engine):
    """An engine that also gives what the layers of its network put out for the image itself, not for its variants."""

    @property
    @abstractmethod
    def map_layers(self) -> tuple[MapLayer, ...]:
        """The layers that put out maps, in order; none in a network without convolutions."""

    @abstractmethod
    def compute_maps(self, image: Grey, names: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """Compute the maps of layers, each of shape (rows, columns, channels).

        Args:
            image: An image as the network sees it, uint8, shape (height, width).
            names: Names of `map_layers`.
        """

    @abstractmethod
    def first_kernels(self, member: int = 0) -> npt.NDArray[np.float32] | None:
        """Return the kernels of the first convolution, shape (rows, columns, channels, filters); None without one.

        Args:
            member: The number of an ensemble's member; 0 in other networks.
        """
