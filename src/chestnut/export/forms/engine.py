"""`FormEngine`: computes with a network in another form, by whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.pixels import Grey
from chestnut.inference.engines.graph_engine import GraphEngine


@dataclass(frozen=True)
class FormEngine(GraphEngine):
    """A network in another form with its input spec.

    Attributes:
        compute: Returns the outputs of a batch of images by name.
        spec: The size, channels and grey values of its input.
    """

    compute: Callable[[Grey], Mapping[str, Any]]
    spec: InputSpec

    def run(self, batch: npt.NDArray[np.uint8], names: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """Compute outputs of one batch of images, as they are, by name."""
        outputs = self.compute(np.ascontiguousarray(batch))
        return [np.asarray(outputs[name]) for name in names]
