"""`JaxLoop`: many steps of training as one compiled call of JAX."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
from jax import numpy as jnp

from chestnut.training.epochs.loop import Loop, Table
from chestnut.training.inputs import Inputs
from chestnut.training.learner import Learner

_State = tuple[list[Any], list[Any], list[Any], list[Any]]


class JaxLoop(Loop):
    """The steps of a learner as a loop that XLA compiles once for each size of batch.

    The number of steps is no part of what is compiled, so that a call may run any number of them.
    """

    def __init__(self, learner: Learner, inputs: Inputs) -> None:
        super().__init__(learner, inputs)
        rate = learner.optimizer.learning_rate
        self._rate = next(place for place, item in enumerate(learner.optimizer.variables) if item is rate)
        self._state: _State | None = None
        self._steps = jax.jit(self._run_steps, donate_argnums=0)

    def begin(self) -> None:
        """Take the learner's variables, which are not valid again before `end`."""
        super().begin()
        trained, others, optimizer, metrics = ([item.value for item in group] for group in self._groups())
        self._state = (trained, others, optimizer, metrics)

    def run(self, images: Any, table: Table, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Run the steps from one to another, and return the mean loss after each."""
        self._state, losses = self._steps(self._state, images, table.rows, table.targets, table.weights, table.rates,
                                          start, stop)  # fmt: skip
        return np.asarray(losses)[start:stop]

    def end(self) -> dict[str, float]:
        """Set the learner's variables, and return the mean metrics by name."""
        for group, values in zip(self._groups(), self._state or (), strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        self._state = None
        return super().end()

    def _groups(self) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        learner = self.learner
        return (
            learner.trainable_variables,
            learner.non_trainable_variables,
            learner.optimizer.variables,
            learner.metrics_variables,
        )

    def _run_steps(
        self,
        state: _State,
        images: Any,
        rows: Any,
        targets: Any,
        weights: Any,
        rates: Any,
        start: Any,
        stop: Any,
    ) -> tuple[_State, Any]:
        step = partial(self._step, images, Table(rows, targets, weights, rates))
        losses = jnp.zeros(rows.shape[:1], jnp.float32)
        found: tuple[_State, Any] = jax.lax.fori_loop(start, stop, step, (state, losses))
        return found

    def _step(self, images: Any, table: Table, step: Any, carried: tuple[_State, Any]) -> tuple[_State, Any]:
        (trained, others, optimizer, metrics), losses = carried
        rate = table.rates[step].astype(optimizer[self._rate].dtype)
        optimizer = [rate if place == self._rate else item for place, item in enumerate(optimizer)]
        batch = self.make_batch(images, table, step)
        logs, state = self.learner.train_step((trained, others, optimizer, metrics), batch)
        return state, losses.at[step].set(logs["loss"])
