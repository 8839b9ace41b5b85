"""The network that a run starts from: as built, trained on photographs, or another run's; and its part that is trained.

Called by `train` and `precision`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from chestnut.config import BackboneConfig, Recipe
from chestnut.errors import RecipeError
from chestnut.inference.bundle import Bundle
from chestnut.inference.keras_engine import load_network
from chestnut.models.build import build_recipe
from chestnut.models.device import policy
from chestnut.models.freeze import Parts, divide, freeze
from chestnut.models.heads import start_at_prior
from chestnut.models.pretrained import load_pretrained
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class Start:
    """A network before its first step.

    Attributes:
        network: The whole of it.
        parts: Its frozen part, if any, and the part that is trained; they share its layers.
        trained: The backbone's layers that are trained, the lowest first; none without a backbone.
    """

    network: keras.Model
    parts: Parts
    trained: tuple[keras.layers.Layer, ...] = ()

    def learned(self) -> int:
        """How many numbers training changes."""
        return int(sum(np.prod(variable.shape) for variable in self.parts.trained.trainable_variables))


def assemble(recipe: Recipe, classes: int) -> Start:
    """Build a recipe's network with random weights, in the recipe's precision, and freeze what it says."""
    network = build_recipe(recipe, classes, policy(recipe.train.precision))
    if not isinstance(recipe.model, BackboneConfig):
        return Start(network, Parts(None, network))
    trained = tuple(freeze(network, recipe.model.unfreeze))
    return Start(network, divide(network), trained)


def begin(recipe: Recipe, classes: int, shares: Any) -> Start:
    """The network with the weights that its recipe starts from.

    Args:
        recipe: Its precision is resolved.
        classes: Number of classes.
        shares: Share of each class as the loss sees it; see `start_at_prior`.

    Raises:
        RecipeError: The weights that the recipe names are not there, or not those of this network.
        DownloadError: They could not be downloaded.
    """
    start = assemble(recipe, classes)
    start_at_prior(start.network, shares)
    if goes_on(recipe):
        _take_over(start.network, recipe)
    elif isinstance(recipe.model, BackboneConfig):
        load_pretrained(start.network, recipe.model, recipe.input)
    return start


def goes_on(recipe: Recipe) -> bool:
    """Whether the recipe starts from the whole network of another run."""
    return isinstance(recipe.model, BackboneConfig) and Path(recipe.model.weights).expanduser().is_dir()


def _take_over(network: keras.Model, recipe: Recipe) -> None:
    folder = Path(recipe.model.weights).expanduser()  # type: ignore[union-attr]
    bundle = Bundle.read(RunFolder.open(folder).bundle)
    given = load_network(bundle.model_file).get_weights()
    if [array.shape for array in given] != [tuple(weight.shape) for weight in network.weights]:
        raise RecipeError(
            f"model.weights: the run {folder} holds another network ({bundle.recipe}, {len(bundle.classes)} classes) "
            f"than {recipe.name} builds; keep its [model] table, its input and its classes"
        )
    network.set_weights(given)
