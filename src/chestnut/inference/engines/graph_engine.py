"""`GraphEngine`: an engine whose network is a graph with named outputs, computed a batch at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from chestnut.inference.engines.engine import Engine, Images, Tick

#: The names of the network's input, uint8 of shape (n, height, width), and of its outputs.
IMAGE, LOGITS, FEATURES = "image", "logits", "features"

#: The number of images that are computed at a time: more are no faster on a processor, and take more memory.
_BATCH = 32


class GraphEngine(Engine):
    """A network that is computed from pixels to named outputs."""

    parallel: ClassVar[bool] = True

    @abstractmethod
    def run(self, batch: npt.NDArray[np.uint8], names: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """Compute outputs of one batch of images, as they are, by name.

        Args:
            batch: Grey values, shape (n, height, width).
            names: Names of outputs.
        """

    def compute_logits(self, images: Images, progress: Tick | None) -> npt.NDArray[np.float32]:
        """Compute the logits of images, shape (n, logits)."""
        return np.concatenate([logits for (logits,) in self._batches(images, [LOGITS], progress)])

    def compute_both(
        self, images: Images, progress: Tick | None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Compute the features of images and, in the same pass, their logits."""
        features, logits = zip(*self._batches(images, [FEATURES, LOGITS], progress), strict=True)
        return np.concatenate(features), np.concatenate(logits)

    def _batches(
        self, images: Images, names: list[str], progress: Tick | None
    ) -> Iterator[list[npt.NDArray[np.float32]]]:
        for start in range(0, len(images), _BATCH):
            stop = min(start + _BATCH, len(images))
            yield self.run(images.batch(start, stop), names)
            if progress:
                progress(stop, len(images))
