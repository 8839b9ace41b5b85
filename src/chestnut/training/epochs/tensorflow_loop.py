"""`TensorFlowLoop`: many steps of training as one call of a TensorFlow function."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from chestnut.models.device import compiled
from chestnut.training.epochs.loop import Loop, Table
from chestnut.training.inputs import Inputs
from chestnut.training.learner import Learner


class TensorFlowLoop(Loop):
    """The steps of a learner as a loop inside a TensorFlow function, whose steps XLA compiles on a GPU."""

    def __init__(self, learner: Learner, inputs: Inputs) -> None:
        super().__init__(learner, inputs)
        self._train = tf.function(learner.train_step, jit_compile=compiled(), reduce_retracing=True)
        self._steps = tf.function(self._run_steps)

    def run(self, images: Any, table: Table, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Run the steps from one to another, and return the mean loss after each."""
        places = tf.range(start, stop)
        return np.asarray(self._steps(images, table.rows, table.targets, table.weights, table.rates, places))

    def _run_steps(self, images: Any, rows: Any, targets: Any, weights: Any, rates: Any, places: Any) -> Any:
        table = Table(rows, targets, weights, rates)

        def run_step(place: Any) -> Any:
            self.learner.optimizer.learning_rate.assign(rates[place])
            return tf.cast(self._train(self.make_batch(images, table, place))["loss"], tf.float32)

        return tf.map_fn(run_step, places, fn_output_signature=tf.float32, parallel_iterations=1)
