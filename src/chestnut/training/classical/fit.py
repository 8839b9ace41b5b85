"""Fit a classical model: a grid search by patient within the training images, then a fit to all of them.

The result has the same form as that of the training loop: a history, with one row, and a Keras network.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import HogLogisticConfig, PcaSvmConfig, Recipe
from chestnut.data.cache.cache import Decoded
from chestnut.data.folds import folds
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, DeviceError, RecipeError, TrainingError
from chestnut.runs.folder import RunFolder
from chestnut.training.checkpoint import Progress
from chestnut.training.class_balance import epoch_length
from chestnut.training.classical.grid_search import Examples, Method, search
from chestnut.training.classical.hog_logistic import HogLogistic
from chestnut.training.classical.pca_svm import PcaSvm
from chestnut.training.distributed.devices import Devices
from chestnut.training.epochs.steps import Observer
from chestnut.training.inputs import Images
from chestnut.training.loop import Outcome, Row, Validation, advance


def make_method(recipe: Recipe, classes: int) -> Method:
    """Return the classical method that a recipe names.

    Raises:
        RecipeError: The recipe names a network that is trained in steps.
    """
    match recipe.model:
        case PcaSvmConfig() as config:
            return PcaSvm(config, recipe.input, classes, recipe.seed)
        case HogLogisticConfig() as config:
            return HogLogistic(config, recipe.input, classes)
    raise RecipeError(f"{recipe.model.network} is trained, not fitted; give pca-svm or hog-logistic")


def check_classical(manifest: Manifest, recipe: Recipe, devices: Devices) -> None:
    """Check, before anything is written, that the recipe can be fitted.

    Raises:
        DataError: A class has too few training patients for the folds.
        RecipeError: There are more components than training images.
        DeviceError: Several devices or hosts were requested.
    """
    if devices.count > 1 or devices.hosts > 1:
        raise DeviceError(f"{recipe.model.network} is fitted by one process; train it with devices=1 and without hosts")
    training = manifest.only("train")
    fold, balance = _folds(training, recipe), recipe.data.balance
    fewest = min(epoch_length(training.targets[fold != number], balance) for number in np.unique(fold))
    if isinstance(recipe.model, PcaSvmConfig) and recipe.model.components > fewest:
        raise RecipeError(
            f"model.components is {recipe.model.components}, but a fold of the search has only {fewest} training "
            "images; lower model.components, or add images"
        )


def _folds(training: Manifest, recipe: Recipe) -> npt.NDArray[np.int64]:
    """Return the fold of each training image, by patient and class, shape (n,)."""
    try:
        dealt: npt.NDArray[np.int64] = folds(training, recipe.model.folds, recipe.seed)[0]  # type: ignore[union-attr]
    except DataError as error:
        raise DataError(f"model.folds of the training images: {error}") from None
    return dealt


def fit_classical(run: RunFolder, decoded: Decoded, observers: tuple[Observer, ...]) -> tuple[Outcome, Any]:
    """Fit the recipe of a run to its training images, and evaluate the network on both splits.

    Args:
        run: The run, whose recipe names a classical model. The chosen settings are recorded as `fitted`.
        decoded: The images of the run.
        observers: The observers, which are notified of each fit as of a batch, and of one epoch.

    Returns:
        The outcome of one epoch, and the network.

    Raises:
        TrainingError: The network's outputs are not finite.
    """
    started = time.perf_counter()
    recipe, manifest = run.recipe, decoded.manifest
    rows = {name: np.flatnonzero(manifest.frame["split"] == name) for name in ("train", "val")}
    images = {name: Images(decoded.pixels.take(chosen), recipe.input) for name, chosen in rows.items()}
    method = make_method(recipe, len(manifest.classes))
    examples = _make_examples(method, images["train"], manifest.only("train"), recipe)
    choice, fitted = search(method, examples, observers)
    network = method.network(fitted, choice.calibration)
    fitted_at = time.perf_counter()
    points = {name: Validation(images[name], manifest.targets[rows[name]]).point(network) for name in rows}
    if points["train"] is None or points["val"] is None:
        raise TrainingError(
            f"the fitted {recipe.model.network} gives infinite outputs; look for bad images with chestnut audit DATA"
        )
    row = _history_row(points["train"], points["val"], time.perf_counter() - started, fitted_at - started)
    run.write_history([row])
    inner = {f"inner_{name}": round(value, 4) for name, value in choice.found.items()}
    run.update(
        fitted={**choice.setting, **method.facts(fitted), **inner},
        trained_parameters=sum(int(np.prod(weight.shape)) for weight in network.trainable_weights),
    )
    for observer in observers:
        observer.epoch(row, best=True)
    return Outcome(advance(Progress(), row, recipe), network.get_weights(), "epochs"), network


def _make_examples(method: Method, images: Images, training: Manifest, recipe: Recipe) -> Examples:
    return Examples(
        method.features(images),
        training.targets,
        _folds(training, recipe),
        (training.frame["copy_of"] == "").to_numpy(),
        recipe,
        len(training.classes),
    )


def _history_row(training: Row, validation: Row, seconds: float, fit_seconds: float) -> Row:
    """Return the row of history.csv, with the same columns as the training loop; there is no learning rate."""
    return {
        "epoch": 1,
        "loss": training["val_loss"],
        "objective": training["val_loss"],
        "accuracy": training["val_accuracy"],
        **validation,
        "learning_rate": math.nan,
        "seconds": round(seconds, 3),
        "train_seconds": round(fit_seconds, 3),
    }
