"""Build the optimiser of a recipe, with a pace for each variable and a running average of the weights if requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from chestnut.config import OptimConfig


def optimizer(config: OptimConfig, average: float = 0.0, paced: bool = False) -> keras.optimizers.Optimizer:
    """Build an optimiser at its full learning rate.

    Args:
        config: The recipe's `[optim]` table.
        average: The momentum of the running average of the weights, 0..1; 0 for no average.
        paced: Whether each variable has a pace, a share of the learning rate; see `set_paces`.
    """
    kind, options = _KINDS[config.name]
    given = {name: getattr(config, name) for name in options}
    given |= {"learning_rate": config.learning_rate, "global_clipnorm": config.clip_norm or None}
    given["weight_decay"] = config.weight_decay or (0.0 if config.name == "adamw" else None)
    if not average and not paced:
        return kind(**given)
    if average:
        given |= {"use_ema": True, "ema_momentum": average}
    return type(f"Paced{kind.__name__}", (_Paced, kind), {})(**given)


_MOMENTS = ("beta_1", "beta_2")
_KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "adam": (keras.optimizers.Adam, (*_MOMENTS, "epsilon")),
    "adamw": (keras.optimizers.AdamW, (*_MOMENTS, "epsilon")),
    "nadam": (keras.optimizers.Nadam, (*_MOMENTS, "epsilon")),
    "lion": (keras.optimizers.Lion, _MOMENTS),
    "sgd": (keras.optimizers.SGD, ("momentum",)),
    "rmsprop": (keras.optimizers.RMSprop, ("momentum", "epsilon")),
}


class _Paced:
    """A mixin for an optimiser that multiplies each variable's learning rate, and leaves averages to `use_averages`."""

    def build(self: Any, variables: Sequence[Any]) -> None:
        """Add the paces, which are 1 at first."""
        super().build(variables)  # type: ignore[misc]
        self.paces = self.add_variable(shape=(len(variables),), initializer="ones", dtype="float32", name="paces")

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Make a step at the variable's pace. Scaling the gradient instead would not change the steps of Adam."""
        pace = ops.cast(self.paces[self._get_variable_index(variable)], learning_rate.dtype)
        super().update_step(gradient, variable, learning_rate * pace)  # type: ignore[misc]

    def _apply_weight_decay(self: Any, variables: Sequence[Any]) -> None:
        if self.weight_decay is None:
            return
        for variable in variables:
            if self._use_weight_decay(variable):
                pace = self.paces[self._get_variable_index(variable)]
                share = ops.cast(self.learning_rate * self.weight_decay * pace, variable.dtype)
                variable.assign(variable - variable * share)

    def finalize_variable_values(self: Any, var_list: Sequence[Any]) -> None:
        """Do nothing, where Keras would replace the weights by their averages at the end of every epoch."""


def inner(outer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return the optimiser inside one that scales the loss, or the optimiser itself."""
    return getattr(outer, "inner_optimizer", outer)


def set_paces(outer: keras.optimizers.Optimizer, paces: Sequence[float]) -> None:
    """Set the pace of each variable, in the order of the variables that the optimiser was built for."""
    inner(outer).paces.assign(np.asarray(paces, dtype=np.float32))


def averages(outer: keras.optimizers.Optimizer) -> list[tuple[Any, Any]]:
    """Return pairs of a variable and its running average; empty if no average is kept."""
    own = inner(outer)
    if not own.use_ema:
        return []
    return list(zip(own._trainable_variables, own._model_variables_moving_average, strict=True))


@contextmanager
def use_averages(outer: keras.optimizers.Optimizer) -> Iterator[None]:
    """Replace the weights by their averages while the block runs."""
    pairs = averages(outer)
    before = [np.array(variable.numpy()) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(np.array(average.numpy()))  # copied, because JAX may reuse the memory
    try:
        yield
    finally:
        for (variable, _), value in zip(pairs, before, strict=True):
            variable.assign(value)
