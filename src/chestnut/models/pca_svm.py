"""`pca-svm`: principal components of the pixels, and their similarity to support vectors by a Gaussian kernel.

The weights are fitted, not trained in steps. Layers are Keras's own, so a saved network loads without chestnut.
"""

from __future__ import annotations

import keras
from keras import layers

from chestnut.config import PcaSvmConfig
from chestnut.errors import RecipeError
from chestnut.models.registry import register


@register("pca-svm")
def pca_svm(config: PcaSvmConfig, image: keras.KerasTensor, policy: str, supports: int = 1) -> keras.KerasTensor:
    """Compute the similarity of an image to each support vector, shape (batch, supports), of which logits are affine.

    exp(−γ‖z − s‖²) = exp(2γ z·s − γ‖s‖² − γ‖z‖²): one dense layer has the weights 2γs and −γ‖s‖², another −γ. They are
    always float32: a rounded exponent would change every similarity, and nothing is trained here.

    Args:
        config: The `[model]` table.
        image: Grey values 0..255.
        policy: Not used.
        supports: The number of support vectors, which the fit determines.
    """
    values = image.shape[1] * image.shape[2] * image.shape[3]
    if config.components > values:
        raise RecipeError(
            f"model.components is {config.components:,}, but an input of {image.shape[1]}×{image.shape[2]} has only "
            f"{values:,} values; lower model.components"
        )
    x = layers.Flatten(name="flatten")(layers.Rescaling(1 / 255, name="scale")(image))
    x = layers.Dense(config.components, name="components")(x)
    crossed = layers.Dense(supports, name="supports")(x)
    own = layers.Dense(1, use_bias=False, name="own")(layers.Multiply(name="squares")([x, x]))
    return layers.Activation("exponential", name="similarity")(layers.Add(name="exponent")([crossed, own]))
