"""`Loop`: what a backend must do to run many steps of training in one call, and the table that tells it which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from chestnut.training.inputs import Inputs
from chestnut.training.learner import Learner


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


class Loop:
    """The compiled steps of a learner on one device; each backend runs them in its own way.

    Args:
        learner: The learner, built and with its metrics.
        inputs: The training inputs, for the way from what is stored to what the network takes.
    """

    def __init__(self, learner: Learner, inputs: Inputs) -> None:
        self.learner = learner
        self._inputs = inputs

    def put(self, array: npt.NDArray[Any]) -> Any:
        """Copy an array to the device."""
        return ops.convert_to_tensor(array)

    def begin(self) -> None:
        """Begin an epoch, with all metrics at zero."""
        self.learner.reset_metrics()

    def run(self, images: Any, table: Table, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Run the steps from one to another, and return the mean loss of the epoch after each, shape (stop - start,).

        Args:
            images: The stored images or features on the device, shape (n, …).
            table: The batches, on the device.
            start: The first step.
            stop: The step after the last.
        """
        raise TypeError(f"{type(self).__name__} is abstract; use one of its subclasses")

    def end(self) -> dict[str, float]:
        """End the epoch: the learner has its variables again; return the mean metrics by name."""
        return {name: float(value) for name, value in self.learner.get_metrics_result().items()}

    def make_batch(self, images: Any, table: Table, step: Any) -> tuple[Any, ...]:
        """Return the inputs, targets and, if there are any, weights of a step."""
        inputs = self._inputs.expand(ops.take(images, table.rows[step], axis=0))
        return (inputs, table.targets[step], *(() if table.weights is None else (table.weights[step],)))
