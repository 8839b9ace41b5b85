"""`TorchLoop`: many steps of training in PyTorch without waiting for the device in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from chestnut.training.epochs.loop import Loop, Table


class TorchLoop(Loop):
    """The steps of a learner, whose losses are read only at the end of a call."""

    def begin(self) -> None:
        """Begin an epoch in PyTorch's own training mode too."""
        super().begin()
        self.learner.train()

    def run(self, images: Any, table: Table, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Run the steps from one to another, and return the mean loss after each."""
        losses = [self._run_step(images, table, step) for step in range(start, stop)]
        return np.asarray(ops.convert_to_numpy(ops.stack(losses)), np.float32)

    def _run_step(self, images: Any, table: Table, step: int) -> Any:
        self.learner.optimizer.learning_rate.assign(table.rates[step])
        return self.learner.train_step(self.make_batch(images, table, step))["loss"]
