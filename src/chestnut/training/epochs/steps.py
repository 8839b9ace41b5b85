"""`Steps`: the learning rate of every step of an epoch, and what happens after each."""

from __future__ import annotations

import math
from typing import Any, Protocol

from chestnut.config import Recipe
from chestnut.errors import TrainingError
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Progress
from chestnut.training.schedules import rate_factor


class Observer(Protocol):
    """An object that is notified of the progress of a training."""

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Handle the start of training, after `done` finished epochs, with `batches` batches per epoch."""

    def batch(self, done: int) -> None:
        """Handle the end of batch number `done` of the current epoch."""

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        """Handle the end of an epoch, with its row of history.csv and whether it is the best so far."""


class Steps:
    """The steps of one epoch.

    Args:
        batches: The batches of the epoch.
        progress: The progress before the epoch.
        observers: The observers to notify of every batch.
    """

    def __init__(self, batches: Batches, progress: Progress, observers: tuple[Observer, ...]) -> None:
        self._recipe = batches.recipe
        self._progress = progress
        self._observers = observers
        self.count = len(batches)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, from 0; after the warm-up it is the same for all steps of an epoch."""
        schedule, epoch = self._recipe.optim.schedule, float(self._progress.epoch)
        if self.warming:
            epoch += (step + 1) / self.count
        factor = rate_factor(schedule, epoch, self._recipe.train.epochs)
        return self._recipe.optim.learning_rate * factor * self._progress.plateau.factor

    @property
    def last_rate(self) -> float:
        """The learning rate of the last step."""
        return self.rate(self.count - 1)

    @property
    def warming(self) -> bool:
        """Whether the rate rises from step to step."""
        return self._progress.epoch < self._recipe.optim.schedule.warmup

    def finish(self, step: int, loss: float) -> None:
        """Notify the observers of the end of a step.

        Args:
            step: The number of the step, from 0.
            loss: The mean loss of the epoch so far.

        Raises:
            TrainingError: The loss is not finite.
        """
        if not math.isfinite(loss):
            when = f"in epoch {self._progress.epoch + 1}, batch {step + 1} of {self.count}"
            raise divergence_error(self._recipe, f"the loss became {loss} {when}", self.rate(step))
        for observer in self._observers:
            observer.batch(step + 1)


def divergence_error(recipe: Recipe, what: str, rate: float) -> TrainingError:
    """Return an error that says what is no longer finite, and the most likely reason."""
    arithmetic = "" if recipe.train.precision == "float32" else ", or train.precision=float32"
    return TrainingError(
        f"{what}, at learning rate {rate:.3g}: most often the rate is too high; try "
        f"optim.learning_rate={rate / 10:.1g} or optim.clip_norm=1{arithmetic}"
    )
