"""Calls about recipes: the layers of their networks, and a learning rate to train them with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.api.run import Run
from chestnut.config import ClassicalConfig, Recipe, load_recipe
from chestnut.limits import MOST_ROUNDS, require_between

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.diagnosis.lr_range import RateRange

#: A learning rate that is higher than any network stands.
_HIGHEST_RATE = 1e6


def layers(recipe: str | Path | Recipe, classes: int = 2) -> pd.DataFrame:
    """List the layers of the network that a recipe builds; its weights are random and nothing is downloaded.

    Args:
        recipe: The name of a recipe, the path of a TOML file, or a recipe.
        classes: The number of classes that the network tells apart.

    Returns:
        One row a layer, as `network.summary()` of Keras lists them, with `layer`, `kind`, `output` (the shape for one
        image), `parameters` and `trained` (how many of the parameters training changes). A classical recipe, which is
        fitted as a whole, has no rows.

    Raises:
        RecipeError: The recipe is unknown or cannot be built.
    """
    import pandas as pd

    chosen = load_recipe(recipe)
    columns = ["layer", "kind", "output", "parameters", "trained"]
    if isinstance(chosen.model, ClassicalConfig):
        return pd.DataFrame(columns=columns)
    from chestnut.models.framework import load_framework

    load_framework()
    from chestnut.models.layers import layer_rows
    from chestnut.training.starting_network import assemble

    network = assemble(chosen.changed(["train.precision=float32"]), classes).network
    return pd.DataFrame([row.to_dict() for row in layer_rows(network)], columns=columns)


def lr_range(
    data: Data | Run,
    recipe: str | Path | Recipe | None = None,
    *,
    settings: Sequence[str] = (),
    rates: tuple[float, float] = (1e-6, 1.0),
    batches: int = 200,
    skip_bad: bool = False,
    **options: Unpack[DisplayOptions],
) -> RateRange:
    """Train a few batches at a rising learning rate, and suggest a rate to train with.

    Args:
        data: A run, whose training images are used, or what `load_dataset` takes.
        recipe: What to train; None for the run's own recipe, else `cnn-small`.
        settings: `key=value` texts that change the recipe.
        rates: The first and the last rate.
        batches: The number of steps from the first to the last rate, 20 or more.
        skip_bad: Leave unreadable images out instead of raising.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Returns:
        The losses by rate, with `suggested` and `summary`.

    Raises:
        RecipeError: A recipe without a learning rate, or rates that do not rise.
        DataError: A number out of its range, unreadable images, or data from which nothing can be learnt.
        TrainingError: The loss is not finite even before the first step.
    """
    from chestnut.models.framework import load_framework

    how = read_options(DisplaySettings, options)
    require_between(0, _HIGHEST_RATE, low=rates[0], high=rates[1])
    require_between(1, MOST_ROUNDS, batches=batches)
    if isinstance(data, Run):
        chosen = load_recipe(recipe or data.recipe, list(settings))
        images = data.folder.manifest
    else:
        chosen = load_recipe(recipe or "cnn-small", list(settings))
        images = read_data(data)
    load_framework()
    from chestnut.training.lr_range import Sweep
    from chestnut.training.lr_range import lr_range as run_range_test

    return run_range_test(images, chosen, Sweep(*rates, batches), skip_bad=skip_bad, bars=how.shown.bar)
