"""Build the network of a recipe."""

from __future__ import annotations

import keras

from chestnut.config import InputSpec, ModelConfig, Recipe
from chestnut.errors import RecipeError
from chestnut.models import backbones, hog, networks, pca_svm  # noqa: F401  importing them registers their networks
from chestnut.models.device import make_on_host
from chestnut.models.heads import output_layer
from chestnut.models.hub import network as _hub  # noqa: F401
from chestnut.models.registry import builder


def build(model: ModelConfig, spec: InputSpec, classes: int, policy: str = "float32", **sizes: int) -> keras.Model:
    """Build a network.

    Args:
        model: The `[model]` table of a recipe.
        spec: The input: grey values 0..255, uint8 or float, shape (batch, height, width, channels).
        classes: The number of classes.
        policy: The Keras dtype policy of its layers; the logits are float32 under any policy.
        sizes: Sizes that a fit determines, such as the `supports` of a `pca-svm`.

    Returns:
        A network from images to logits, shape (batch, classes), or (batch, 1) for a sigmoid head.

    Raises:
        RecipeError: The network is unknown, a sigmoid head has more than two classes, or the input is too small.
    """
    return make_on_host(lambda: _build(model, spec, classes, policy, sizes))


def _build(model: ModelConfig, spec: InputSpec, classes: int, policy: str, sizes: dict[str, int]) -> keras.Model:
    image = keras.Input(spec.shape, dtype="float32", name="image")
    try:
        features = builder(model.network)(model, image, policy, **sizes)
    except ValueError as error:
        if "zero or negative" not in str(error):
            raise
        raise RecipeError(
            f"an input of {spec.height}×{spec.width} is too small for {len(getattr(model, 'filters', ()))} blocks; "
            "raise input.height and input.width or shorten model.filters"
        ) from None
    return keras.Model(image, output_layer(model.head, classes)(features), name=model.network)


def build_recipe(recipe: Recipe, classes: int, policy: str = "float32") -> keras.Model:
    """Build the network of a recipe; the other arguments are those of `build`."""
    return build(recipe.model, recipe.input, classes, policy)
