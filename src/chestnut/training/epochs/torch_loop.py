"""`TorchLoop`: many steps of training in PyTorch without waiting for the device in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from chestnut.training.epochs.loop import Table
from chestnut.training.inputs import Inputs
from chestnut.training.learner import Learner


class TorchLoop:
    """The steps of a learner, whose losses are read only at the end of a call.

    Args:
        learner: The learner, built and with its metrics.
        inputs: The training inputs, for the way from what is stored to what the network takes.
    """

    def __init__(self, learner: Learner, inputs: Inputs) -> None:
        self._learner = learner
        self._inputs = inputs

    def put(self, array: npt.NDArray[Any]) -> Any:
        """Copy an array to the device."""
        return ops.convert_to_tensor(array)

    def begin(self) -> None:
        """Set all metrics to zero."""
        self._learner.reset_metrics()
        self._learner.train()

    def run(self, images: Any, table: Table, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Run the steps from one to another, and return the mean loss after each."""
        losses = [self._run_step(images, table, step) for step in range(start, stop)]
        return np.asarray(ops.convert_to_numpy(ops.stack(losses)), np.float32)

    def end(self) -> dict[str, float]:
        """Return the mean metrics by name."""
        return {name: float(value) for name, value in self._learner.get_metrics_result().items()}

    def _run_step(self, images: Any, table: Table, step: int) -> Any:
        self._learner.optimizer.learning_rate.assign(table.rates[step])
        inputs = self._inputs.expand(images[table.rows[step]])
        weights = () if table.weights is None else (table.weights[step],)
        return self._learner.train_step((inputs, table.targets[step], *weights))["loss"]
