"""From a recipe to a network. Called by `training`, `inference` and `cli`; the networks are in files of their own."""

from __future__ import annotations

import keras

from chestnut.config import InputSpec, ModelConfig, Recipe
from chestnut.errors import RecipeError
from chestnut.models import backbones, hog, networks, pca_svm  # noqa: F401  they register theirs
from chestnut.models.heads import output_layer
from chestnut.models.registry import builder


def build(model: ModelConfig, spec: InputSpec, classes: int, policy: str = "float32", **sizes: int) -> keras.Model:
    """Make a network.

    Args:
        model: The recipe's `[model]` table.
        spec: What it is fed: (batch, height, width, channels) of grey values 0..255, uint8 or float.
        classes: Number of classes.
        policy: Keras dtype policy of its layers; the logits are float32 under any.
        sizes: What a fit decides of it, such as the `supports` of a `pca-svm`.

    Returns:
        A network from images to logits, (batch, classes), or (batch, 1) for a sigmoid head.

    Raises:
        RecipeError: Unknown network, a sigmoid head for more than two classes, or an input too small for the depth.
    """
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
    """Make the network of a recipe; see `build`."""
    return build(recipe.model, recipe.input, classes, policy)
