"""How the learning rate moves: a pure function of the epoch, and the plateau rule, which sees the validation loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from chestnut.config import ScheduleConfig


def rate_factor(config: ScheduleConfig, epoch: float, epochs: int) -> float:
    """What the learning rate is multiplied by.

    Args:
        config: The recipe's `[optim.schedule]`.
        epoch: Epochs done, with the share of the running one; 0 at the start.
        epochs: Epochs in all.

    Returns:
        A factor in 0..1: the schedule's, times the linear warm-up. Cosine falls from the end of the warm-up
        (Loshchilov & Hutter 2017, arXiv:1608.03983); exponential is 0.1^(epoch/decade).

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
        factor: What the learning rate is multiplied by now.
        best: The least validation loss so far.
        waited: Epochs since.
    """

    factor: float = 1.0
    best: float = math.inf
    waited: int = 0

    def after(self, val_loss: float, config: ScheduleConfig, learning_rate: float) -> Plateau:
        """The state after one more epoch; unchanged under other schedules."""
        if config.name != "plateau":
            return self
        if val_loss < self.best:
            return replace(self, best=val_loss, waited=0)
        if self.waited + 1 < config.patience:
            return replace(self, waited=self.waited + 1)
        least = config.floor / learning_rate
        return replace(self, factor=max(min(self.factor, least), self.factor * config.factor), waited=0)
