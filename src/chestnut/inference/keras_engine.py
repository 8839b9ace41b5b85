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
from chestnut.data.pixels import Grey
from chestnut.errors import BundleError
from chestnut.inference.test_time import variants
from chestnut.models.device import chunk, compiled, predict
from chestnut.models.heads import probabilities


def as_batch(grey: npt.NDArray[np.uint8], spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Give grey pixels (n, height, width) the channels that a network takes: (n, height, width, channels)."""
    return np.repeat(grey[..., None], spec.channels, axis=-1)


def forward(
    network: Any,
    batch: Callable[[int, int], npt.NDArray[Any]],
    count: int,
    progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Outputs of a network for many inputs, (count, …).

    Args:
        network: A Keras network.
        batch: Gives the inputs from one row up to another, (b, …).
        count: How many there are.
        progress: Called with (done, total).
    """
    network.jit_compile = compiled()
    step = chunk()
    size = min(count, step)
    parts = []
    for start in range(0, count, step):
        given = batch(start, min(start + step, count))
        padding = np.zeros((size - len(given), *given.shape[1:]), given.dtype)  # one shape is compiled once
        answer = predict(network, np.concatenate([given, padding])).astype(np.float32)
        parts.append(answer[: len(given)])
        if progress:
            progress(min(start + step, count), count)
    return np.concatenate(parts)


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
        """Logits of many images, (n, classes) or (n, 1): the mean over the variants that the input spec asks for.

        Args:
            pixels: Grey values, array-like of shape (n, height, width), uint8.
            progress: Called with (done, total); once for each variant.
        """

        def of(variant: Callable[[Grey], Grey]) -> npt.NDArray[np.float32]:
            def batch(start: int, stop: int) -> npt.NDArray[Any]:
                return as_batch(variant(np.asarray(pixels[start:stop])), self.spec)

            return forward(self.network, batch, len(pixels), progress)

        parts = [of(variant) for variant in variants(self.spec.variants)]
        return np.asarray(np.mean(parts, axis=0), dtype=np.float32)

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
