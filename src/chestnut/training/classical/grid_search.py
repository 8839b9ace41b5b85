"""The grid search of a classical method: by patient, within the training images.

Called by `classical`. Every point of the grid is fitted to all folds but one and scores the images of that one; the
scores of all images together are calibrated and judged. The best point's calibration is the network's.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import Recipe, StopConfig
from chestnut.evaluation.metrics import point_metrics
from chestnut.models.heads import probabilities
from chestnut.training.class_balance import class_weights, epoch_order
from chestnut.training.classical.affine import Affine, Floats, Targets
from chestnut.training.inputs import Images
from chestnut.training.loop import Observer

_log = logging.getLogger(__name__)

Setting = dict[str, float]


class Method(Protocol):
    """One classical method; see `PcaSvm` for what each part does."""

    @property
    def grid(self) -> list[Setting]:
        """What is tried, the smoothest first."""

    def features(self, images: Images) -> Floats:
        """What is fitted, a row an image."""

    def part(self, features: Floats, targets: Targets, weights: Floats | None) -> Callable[[Setting], Any]:
        """Fits part of the images at a point of the grid; what is fitted maps features to scores."""

    def calibration(self, scores: Floats, targets: Targets, weights: Floats | None) -> Affine:
        """From scores of images that were held out to logits."""

    def network(self, fitted: Any, calibration: Affine) -> keras.Model:
        """The fitted method as a network."""

    def facts(self, fitted: Any) -> dict[str, int | float]:
        """What else the fit has decided."""


@dataclass(frozen=True)
class Examples:
    """Training images as a method sees them.

    Attributes:
        features: A row an image, (n, d).
        targets: Class numbers, (n,).
        fold: The fold that holds each out, (n,).
        judged: Whether it counts where it is held out, (n,); augmented copies do not.
        recipe: Tells balance, seed and what the best point is chosen by.
        classes: Number of classes.
    """

    features: Floats
    targets: Targets
    fold: npt.NDArray[np.int64]
    judged: npt.NDArray[np.bool_]
    recipe: Recipe
    classes: int

    def part(self, method: Method, rows: npt.NDArray[np.int64]) -> Callable[[Setting], Any]:
        """Make ready to fit some rows, balanced as the recipe says."""
        balance = self.recipe.data.balance
        drawn = rows[epoch_order(self.targets[rows], balance, self.recipe.seed, 0)]
        targets = self.targets[drawn]
        weights = class_weights(targets, self.classes)[targets] if balance == "weights" else None
        return method.part(self.features[drawn], targets, weights)


@dataclass(frozen=True)
class Choice:
    """The best point of the grid.

    Attributes:
        setting: The point.
        calibration: From scores to logits, found on images that were held out.
        found: What the held-out images say of it; see `point_metrics`.
    """

    setting: Setting
    calibration: Affine
    found: Mapping[str, float]


def search(method: Method, examples: Examples, observers: tuple[Observer, ...]) -> tuple[Choice, Any]:
    """Try the grid on the inner folds, then fit all images at its best point.

    Args:
        method: What is fitted.
        examples: To what.
        observers: Told of every fit as of a batch.

    Returns:
        The best point, and what was fitted there to all images.
    """
    numbers, grid = np.unique(examples.fold), method.grid
    for observer in observers:
        observer.start(examples.recipe, 0, len(numbers) * len(grid) + 1)
    scores: list[list[Floats]] = [[] for _ in grid]
    held, done = [], 0
    for number in numbers:
        fit = examples.part(method, np.flatnonzero(examples.fold != number))
        held.append(np.flatnonzero((examples.fold == number) & examples.judged))
        for place, setting in enumerate(grid):
            scores[place].append(fit(setting)(examples.features[held[-1]]))
            done += 1
            for observer in observers:
                observer.batch(done)
    targets = examples.targets[np.concatenate(held)]
    tried = [
        _tried(method, examples, point, np.concatenate(found), targets)
        for point, found in zip(grid, scores, strict=True)
    ]
    choice = min(tried, key=lambda one: _rank(one, examples.recipe.train.stop))
    _say_where(choice.setting, grid)
    return choice, examples.part(method, np.arange(len(examples.targets)))(choice.setting)


def _tried(method: Method, examples: Examples, setting: Setting, scores: Floats, targets: Targets) -> Choice:
    """Calibrate the scores of held-out images, and judge them."""
    balanced = examples.recipe.data.balance != "none"
    weights = class_weights(targets, examples.classes)[targets] if balanced else None
    calibration = method.calibration(scores, targets, weights)
    return Choice(setting, calibration, point_metrics(targets, probabilities(calibration(scores))))


def _rank(choice: Choice, stop: StopConfig) -> float:
    """Smaller for better; what is undefined comes last."""
    value = choice.found[stop.metric.removeprefix("val_")]
    ranked = value if stop.smaller_is_better else -value
    return ranked if math.isfinite(ranked) else math.inf


def _say_where(best: Setting, grid: list[Setting]) -> None:
    """Say where a best point lies at the edge of the grid, beyond which a better one may lie."""
    for name, value in best.items():
        values = sorted({setting[name] for setting in grid})
        if len(values) > 1 and value in (values[0], values[-1]):
            edge = "least" if value == values[0] else "greatest"
            _log.info("the best %s, %g, is the %s of those tried", name, value, edge)
