"""`FormEngine`: computes with a network in another form, by whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.pixels import Grey
from chestnut.inference.engine import Engine, Images, Tick
from chestnut.inference.onnx_engine import FEATURES, LOGITS

#: The number of images that are computed at a time.
_BATCH = 32


@dataclass(frozen=True)
class FormEngine(Engine):
    """A network in another form with its input spec.

    Attributes:
        compute: Returns the outputs of a batch of images by name.
        spec: The size, channels and grey values of its input.
    """

    compute: Callable[[Grey], Mapping[str, Any]]
    spec: InputSpec

    def compute_logits(self, images: Images, progress: Tick | None) -> npt.NDArray[np.float32]:
        """Compute the logits of images, shape (n, logits)."""
        return self.compute_both(images, progress)[1]

    def compute_both(
        self, images: Images, progress: Tick | None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Compute the features of images and, in the same pass, their logits."""
        parts = []
        for start in range(0, len(images), _BATCH):
            stop = min(start + _BATCH, len(images))
            outputs = self.compute(np.ascontiguousarray(images.batch(start, stop)))
            parts.append((np.asarray(outputs[FEATURES]), np.asarray(outputs[LOGITS])))
            if progress:
                progress(stop, len(images))
        features, logits = zip(*parts, strict=True)
        return np.concatenate(features), np.concatenate(logits)
