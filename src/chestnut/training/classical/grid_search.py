"""Choose the settings of a classical method by a grid search within the training images, with folds by patient.

At every point of the grid, the method is fitted to all folds but one and scores the images of that one. The scores of
all images together are calibrated and evaluated. The network uses the calibration of the best point.
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
from chestnut.evaluation.softmax import probabilities
from chestnut.training.class_balance import class_weights, epoch_order
from chestnut.training.classical.affine import Affine, Floats, Targets
from chestnut.training.epochs.steps import Observer
from chestnut.training.inputs import Images

_log = logging.getLogger(__name__)

Setting = dict[str, float]


class Method(Protocol):
    """A classical method."""

    @property
    def grid(self) -> list[Setting]:
        """The settings to try, the smoothest first."""

    def features(self, images: Images) -> Floats:
        """Compute the features of images, one row per image."""

    def part(self, features: Floats, targets: Targets, weights: Floats | None) -> Callable[[Setting], Any]:
        """Return a function that fits some images at a point of the grid; the fitted object maps features to scores."""

    def calibration(self, scores: Floats, targets: Targets, weights: Floats | None) -> Affine:
        """Fit a map from the scores of held-out images to logits."""

    def network(self, fitted: Any, calibration: Affine) -> keras.Model:
        """Return the fitted method as a network."""

    def facts(self, fitted: Any) -> dict[str, int | float]:
        """Return further facts about the fit, for the run's record."""


@dataclass(frozen=True)
class Examples:
    """The training images of a method.

    Attributes:
        features: The features, one row per image, shape (n, d).
        targets: The class numbers, shape (n,).
        fold: The fold in which each image is held out, shape (n,).
        judged: Whether each image counts when it is held out, shape (n,); augmented copies do not.
        recipe: The recipe, with the balance, the seed and the metric by which the best point is chosen.
        classes: The number of classes.
    """

    features: Floats
    targets: Targets
    fold: npt.NDArray[np.int64]
    judged: npt.NDArray[np.bool_]
    recipe: Recipe
    classes: int

    def part(self, method: Method, rows: npt.NDArray[np.int64]) -> Callable[[Setting], Any]:
        """Return a function that fits some rows, balanced as the recipe says."""
        balance = self.recipe.data.balance
        drawn = rows[epoch_order(self.targets[rows], balance, self.recipe.seed, 0)]
        targets = self.targets[drawn]
        weights = class_weights(targets, self.classes)[targets] if balance == "weights" else None
        return method.part(self.features[drawn], targets, weights)


@dataclass(frozen=True)
class Choice:
    """The best point of the grid.

    Attributes:
        setting: The settings at the point.
        calibration: The map from scores to logits, fitted to held-out images.
        found: The metrics of the held-out images; see `point_metrics`.
    """

    setting: Setting
    calibration: Affine
    found: Mapping[str, float]


def search(method: Method, examples: Examples, observers: tuple[Observer, ...]) -> tuple[Choice, Any]:
    """Try all points of the grid on the inner folds, then fit all images at the best point.

    Args:
        method: The method to fit.
        examples: The training images.
        observers: The observers, which are notified of each fit as of a batch.

    Returns:
        The best point, and the method fitted there to all images.
    """
    numbers, grid = np.unique(examples.fold), method.grid
    for observer in observers:
        observer.start(examples.recipe, 0, len(numbers) * len(grid) + 1)
    scores: list[list[Floats]] = [[] for _ in grid]
    held_out, done = [], 0
    for number in numbers:
        fit = examples.part(method, np.flatnonzero(examples.fold != number))
        held_out.append(np.flatnonzero((examples.fold == number) & examples.judged))
        for place, setting in enumerate(grid):
            scores[place].append(fit(setting)(examples.features[held_out[-1]]))
            done += 1
            for observer in observers:
                observer.batch(done)
    targets = examples.targets[np.concatenate(held_out)]
    choices = [
        _evaluate_point(method, examples, point, np.concatenate(found), targets)
        for point, found in zip(grid, scores, strict=True)
    ]
    choice = min(choices, key=lambda one: _rank(one, examples.recipe.train.stop))
    _log_edges(choice.setting, grid)
    return choice, examples.part(method, np.arange(len(examples.targets)))(choice.setting)


def _evaluate_point(method: Method, examples: Examples, setting: Setting, scores: Floats, targets: Targets) -> Choice:
    """Calibrate the scores of held-out images and evaluate them."""
    balanced = examples.recipe.data.balance != "none"
    weights = class_weights(targets, examples.classes)[targets] if balanced else None
    calibration = method.calibration(scores, targets, weights)
    return Choice(setting, calibration, point_metrics(targets, probabilities(calibration(scores))))


def _rank(choice: Choice, stop: StopConfig) -> float:
    """Return a number that is smaller for a better choice; infinity if the metric is undefined."""
    value = choice.found[stop.metric.removeprefix("val_")]
    ranked = value if stop.smaller_is_better else -value
    return ranked if math.isfinite(ranked) else math.inf


def _log_edges(best: Setting, grid: list[Setting]) -> None:
    """Log that the best point is at the edge of the grid, since a better one may be beyond."""
    for name, value in best.items():
        values = sorted({setting[name] for setting in grid})
        if len(values) > 1 and value in (values[0], values[-1]):
            edge = "lowest" if value == values[0] else "highest"
            _log.info("the best %s, %g, is the %s value tried; a better one may be beyond", name, value, edge)
