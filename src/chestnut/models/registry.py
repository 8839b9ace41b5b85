"""The register of networks: a decorator puts a builder in, `build` calls the one that a recipe names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from chestnut.config import InputSpec, ModelConfig, Recipe
from chestnut.errors import RecipeError, suggest
from chestnut.models.heads import output_layer

#: A builder takes its part of the recipe, the input tensor (0..255) and a dtype policy, and returns features.
Builder = Callable[[Any, keras.KerasTensor, str], keras.KerasTensor]

_BUILDERS: dict[str, Builder] = {}


def register(name: str) -> Callable[[Builder], Builder]:
    """Register a builder under a name.

    Raises:
        RecipeError: The name is taken.
    """

    def add(builder: Builder) -> Builder:
        if name in _BUILDERS:
            raise RecipeError(f"a network {name!r} is registered already; choose another name")
        _BUILDERS[name] = builder
        return builder

    return add


def names() -> list[str]:
    """Names of the registered networks, sorted."""
    _load()
    return sorted(_BUILDERS)


def build(model: ModelConfig, spec: InputSpec, classes: int, policy: str = "float32") -> keras.Model:
    """Make a network.

    Args:
        model: The recipe's `[model]` table.
        spec: What it is fed: (batch, height, width, channels) of grey values 0..255, uint8 or float.
        classes: Number of classes.
        policy: Keras dtype policy of its layers; the logits are float32 under any.

    Returns:
        A network from images to logits, (batch, classes), or (batch, 1) for a sigmoid head.

    Raises:
        RecipeError: Unknown network, a sigmoid head for more than two classes, or an input too small for the depth.
    """
    _load()
    builder = _BUILDERS.get(model.network)
    if builder is None:
        raise RecipeError(f"no network {model.network!r}; {suggest(model.network, _BUILDERS)}")
    image = keras.Input(spec.shape, dtype="float32", name="image")
    try:
        features = builder(model, image, policy)
    except ValueError as error:
        if "zero or negative" not in str(error):
            raise
        raise RecipeError(
            f"an input of {spec.height}×{spec.width} is too small for {len(getattr(model, 'filters', ()))} blocks; "
            "raise input.height and input.width or shorten model.filters"
        ) from None
    return keras.Model(image, output_layer(model.head, classes)(features), name=model.network)


def build_recipe(recipe: Recipe, classes: int, policy: str = "float32") -> keras.Model:
    """Make the network of a recipe; see `build`."""
    return build(recipe.model, recipe.input, classes, policy)


def _load() -> None:
    """Fill the register on first use, so that importing it makes nothing."""
    from chestnut.models import networks  # noqa: F401
