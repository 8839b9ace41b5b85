"""Build the network that a run starts from, with random weights, published ones or those of another run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from chestnut.config import HUB, BackboneConfig, Recipe
from chestnut.errors import RecipeError
from chestnut.inference.engines.keras_engine import load_bundle
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.models.build import build_recipe
from chestnut.models.device import policy
from chestnut.models.freeze import Parts, divide, freeze
from chestnut.models.heads import start_at_prior
from chestnut.models.pretrained.hub import is_preset_folder
from chestnut.models.pretrained.load import load_pretrained
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class Start:
    """A network before its first step.

    Attributes:
        network: The whole network.
        parts: The frozen part, if any, and the trained part; they share the network's layers.
        trained: The trained layers of the backbone, the lowest first; empty if there is no backbone.
        from_run: Whether its weights are those of another run.
    """

    network: keras.Model
    parts: Parts
    trained: tuple[keras.layers.Layer, ...] = ()
    from_run: bool = False

    def count_trained(self) -> int:
        """Return the number of parameters that training changes."""
        return int(sum(np.prod(variable.shape) for variable in self.parts.trained.trainable_variables))


def assemble(recipe: Recipe, classes: int) -> Start:
    """Build a recipe's network with random weights, in the recipe's precision, and freeze the layers it names."""
    network = build_recipe(recipe, classes, policy(recipe.train.precision))
    if not isinstance(recipe.model, BackboneConfig):
        return Start(network, Parts(None, network))
    trained = tuple(freeze(network, recipe.model.unfreeze))
    return Start(network, divide(network), trained)


def make_start(recipe: Recipe, classes: int, shares: Any) -> Start:
    """Build a recipe's network with the weights that the recipe starts from.

    Args:
        recipe: The recipe, with a definite precision.
        classes: The number of classes.
        shares: The share of each class that the loss sees; see `start_at_prior`.

    Raises:
        RecipeError: The weights that the recipe names do not exist, or belong to another network.
        DownloadError: The weights could not be downloaded.
    """
    start = assemble(recipe, classes)
    start_at_prior(start.network, shares)
    if starts_from_run(recipe):
        _copy_run_weights(start.network, recipe)
        return replace(start, from_run=True)
    if isinstance(recipe.model, BackboneConfig):
        load_pretrained(start.network, recipe.model, recipe.input)
    return start


def starts_from_run(recipe: Recipe) -> bool:
    """Tell whether the recipe starts from all weights of another run."""
    if not isinstance(recipe.model, BackboneConfig):
        return False
    folder = Path(recipe.model.weights).expanduser()
    return folder.is_dir() and not (recipe.model.network == HUB and is_preset_folder(folder))


def _copy_run_weights(network: keras.Model, recipe: Recipe) -> None:
    folder = Path(recipe.model.weights).expanduser()  # type: ignore[union-attr]
    bundle = read_run_bundle(RunFolder.open(folder))
    given = load_bundle(bundle).get_weights()
    if [array.shape for array in given] != [tuple(weight.shape) for weight in network.weights]:
        raise RecipeError(
            f"model.weights: the run {folder} has another network ({bundle.recipe}, {len(bundle.classes)} classes) "
            f"than {recipe.name} builds; use its [model] table, its input and its classes"
        )
    network.set_weights(given)
