"""What computes logits from pixels: a Keras network, fed batch by batch.

Called by `training`, `inference` and above; the one place besides `models` and `training` where Keras loads a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.models.device import compiled
from chestnut.models.heads import probabilities

_BATCH = 64


def as_batch(grey: npt.NDArray[np.uint8], spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Give grey pixels (n, height, width) the channels that a network takes: (n, height, width, channels)."""
    return np.repeat(grey[..., None], spec.channels, axis=-1)


@dataclass(frozen=True)
class KerasEngine:
    """A Keras network with its input spec.

    Attributes:
        network: From images (batch, height, width, channels) in 0..255 to logits.
        spec: What the network is fed.
    """

    network: Any
    spec: InputSpec

    def logits(self, pixels: Any, progress: Callable[[int, int], None] | None = None) -> npt.NDArray[np.float32]:
        """Logits of many images, (n, classes) or (n, 1).

        Args:
            pixels: Grey values, array-like of shape (n, height, width), uint8.
            progress: Called with (done, total).
        """
        self.network.jit_compile = compiled()
        size = min(len(pixels), _BATCH)
        parts = []
        for start in range(0, len(pixels), _BATCH):
            batch = as_batch(np.asarray(pixels[start : start + _BATCH]), self.spec)
            padding = np.zeros((size - len(batch), *batch.shape[1:]), np.uint8)  # one shape is compiled once
            answer = np.asarray(self.network.predict_on_batch(np.concatenate([batch, padding])), dtype=np.float32)
            parts.append(answer[: len(batch)])
            if progress:
                progress(min(start + _BATCH, len(pixels)), len(pixels))
        return np.concatenate(parts)

    def probabilities(
        self, pixels: Any, temperature: float = 1.0, progress: Callable[[int, int], None] | None = None
    ) -> npt.NDArray[np.float64]:
        """Probabilities of many images, (n, classes), rows summing to 1; see `logits`."""
        return probabilities(self.logits(pixels, progress), temperature)


def load_network(path: Path) -> Any:
    """Load a `.keras` file, refusing whatever would run code of its own.

    Raises:
        BundleError: The file does not load.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise BundleError(f"{path} does not load as a Keras network ({error}); train the run again") from error
