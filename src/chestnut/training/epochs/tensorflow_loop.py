"""`TensorFlowLoop`: many steps of training as one call of a TensorFlow function."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from chestnut.models.device import compiled
from chestnut.training.epochs.loop import Table
from chestnut.training.inputs import Inputs
from chestnut.training.learner import Learner


class TensorFlowLoop:
    """The steps of a learner as a loop inside a TensorFlow function, whose steps XLA compiles on a GPU.

    Args:
        learner: The learner, built and with its metrics.
        inputs: The training inputs, for the way from what is stored to what the network takes.
    """

    def __init__(self, learner: Learner, inputs: Inputs) -> None:
        self._learner = learner
        self._inputs = inputs
        self._train = tf.function(learner.train_step, jit_compile=compiled(), reduce_retracing=True)
        self._steps = tf.function(self._run_steps)

    def put(self, array: npt.NDArray[Any]) -> Any:
        """Copy an array to the device."""
        return tf.constant(array)

    def begin(self) -> None:
        """Set all metrics to zero."""
        self._learner.reset_metrics()

    def run(self, images: Any, table: Table, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Run the steps from one to another, and return the mean loss after each."""
        places = tf.range(start, stop)
        losses = self._steps(images, table.rows, table.targets, table.weights, table.rates, places)
        return np.asarray(losses)

    def end(self) -> dict[str, float]:
        """Return the mean metrics by name."""
        return {name: float(value) for name, value in self._learner.get_metrics_result().items()}

    def _run_steps(self, images: Any, rows: Any, targets: Any, weights: Any, rates: Any, places: Any) -> Any:
        def run_step(place: Any) -> Any:
            self._learner.optimizer.learning_rate.assign(rates[place])
            inputs = self._inputs.expand(tf.gather(images, rows[place]))
            batch = (inputs, targets[place], *(() if weights is None else (weights[place],)))
            return tf.cast(self._train(batch)["loss"], tf.float32)

        return tf.map_fn(run_step, places, fn_output_signature=tf.float32, parallel_iterations=1)
