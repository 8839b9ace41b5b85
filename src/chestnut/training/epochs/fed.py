"""`FedEpochs`: epochs in which the host hands the device one batch after another, by Keras's own `fit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from chestnut.training.batches import Batches
from chestnut.training.epochs.steps import Steps
from chestnut.training.learner import Learner


@dataclass(frozen=True)
class FedEpochs:
    """A learner with the batches that it is fed.

    Attributes:
        learner: The network to train.
        batches: The training images.
    """

    learner: Learner
    batches: Batches

    def run(self, steps: Steps) -> dict[str, float]:
        """Train one epoch and return its mean metrics by name.

        Raises:
            TrainingError: The loss is not finite.
        """
        told = [_Told(steps)]
        history = self.learner.fit(self.batches, epochs=1, shuffle=False, verbose=0, callbacks=told)
        return {name: float(values[-1]) for name, values in history.history.items()}


class _Told(keras.callbacks.Callback):
    """A Keras callback that sets the learning rate of a step before it, and finishes the step after it."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the learning rate when it changes."""
        if batch == 0 or self.steps.warming:
            if hasattr(self.model, "jax_state_sync"):  # with JAX, Keras stores variables elsewhere during an epoch
                self.model.jax_state_sync()
            self.model.optimizer.learning_rate.assign(self.steps.rate(batch))

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Finish the step."""
        self.steps.finish(batch, float((logs or {})["loss"]))
