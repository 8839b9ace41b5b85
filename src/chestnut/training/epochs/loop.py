"""`Loop`: what a backend must do to run many steps of training in one call, and the table that tells it which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Table:
    """Batches of one size, as the loop needs them.

    Attributes:
        rows: The rows of each batch among the images on the device, int32, shape (steps, batch).
        targets: The encoded classes, float32, shape (steps, batch, outputs).
        weights: The weights in the loss, float32, shape (steps, batch); None if all are 1.
        rates: The learning rate of each step, float32, shape (steps,).
    """

    rows: Any
    targets: Any
    weights: Any
    rates: Any


class Loop(Protocol):
    """The compiled steps of a learner on one device."""

    def put(self, array: npt.NDArray[Any]) -> Any:
        """Copy an array to the device."""

    def begin(self) -> None:
        """Begin an epoch, with all metrics at zero."""

    def run(self, images: Any, table: Table, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Run the steps from one to another, and return the mean loss of the epoch after each, shape (stop - start,).

        Args:
            images: The stored images or features on the device, shape (n, …).
            table: The batches, on the device.
            start: The first step.
            stop: The step after the last.
        """

    def end(self) -> dict[str, float]:
        """End the epoch: set the learner's variables, and return the mean metrics by name."""
