"""Change the learning rate: by a function of the epoch, and by the plateau rule, which follows the validation loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from chestnut.config import ScheduleConfig


def rate_factor(config: ScheduleConfig, epoch: float, epochs: int) -> float:
    """Return the factor of the learning rate at a moment of the training.

    Args:
        config: The recipe's `[optim.schedule]` table.
        epoch: The epochs done, with the share of the current one; 0 at the start.
        epochs: The number of epochs in all.

    Returns:
        The factor, 0..1: that of the schedule times that of the linear warm-up. The cosine begins to fall at the end
        of the warm-up (Loshchilov & Hutter 2017, arXiv:1608.03983); the exponential is 0.1^(epoch/decade).

    >>> rate_factor(ScheduleConfig(name="exponential", decade=10), 10, 20)
    0.1
    """
    warmth = min(1.0, epoch / config.warmup) if config.warmup else 1.0
    if config.name == "exponential":
        return warmth * math.pow(0.1, epoch / config.decade)
    if config.name == "cosine":
        done = max(0.0, epoch - config.warmup) / max(1e-9, epochs - config.warmup)
        return warmth * (config.final + (1 - config.final) * (1 + math.cos(math.pi * min(1.0, done))) / 2)
    return warmth


@dataclass(frozen=True)
class Plateau:
    """The state of the plateau rule.

    Attributes:
        factor: The current factor of the learning rate.
        best: The lowest validation loss so far.
        waited: The number of epochs since then.
    """

    factor: float = 1.0
    best: float = math.inf
    waited: int = 0

    def after(self, val_loss: float, config: ScheduleConfig, learning_rate: float) -> Plateau:
        """Return the state after one more epoch; other schedules do not change it."""
        if config.name != "plateau":
            return self
        if val_loss < self.best:
            return replace(self, best=val_loss, waited=0)
        if self.waited + 1 < config.patience:
            return replace(self, waited=self.waited + 1)
        least = config.floor / learning_rate
        return replace(self, factor=max(min(self.factor, least), self.factor * config.factor), waited=0)
