"""`pca-svm`: principal components of the pixels and a Gaussian kernel's values at support vectors.

Called through `build`; `training.pca_svm` fits the weights. Layers are Keras's own, so a saved network loads without
chestnut.
"""

from __future__ import annotations

import keras
from keras import layers

from chestnut.config import PcaSvmConfig
from chestnut.errors import RecipeError
from chestnut.models.registry import register


@register("pca-svm")
def pca_svm(config: PcaSvmConfig, image: keras.KerasTensor, policy: str, supports: int = 1) -> keras.KerasTensor:
    """Similarity of an image to each support vector, (batch, supports); the logits are an affine map of them.

    exp(−γ‖z − s‖²) = exp(2γ z·s − γ‖s‖² − γ‖z‖²): one dense layer holds 2γs and −γ‖s‖², another −γ. Always float32:
    a rounded exponent would change every similarity, and nothing is trained here.

    Args:
        config: The `[model]` table.
        image: Grey values 0..255.
        policy: Of no account.
        supports: Support vectors, which the fit decides.
    """
    values = image.shape[1] * image.shape[2] * image.shape[3]
    if config.components > values:
        raise RecipeError(
            f"model.components is {config.components:,}, and an input of {image.shape[1]}×{image.shape[2]} has "
            f"{values:,} values; lower model.components"
        )
    x = layers.Flatten(name="flatten")(layers.Rescaling(1 / 255, name="scale")(image))
    x = layers.Dense(config.components, name="components")(x)
    crossed = layers.Dense(supports, name="supports")(x)
    own = layers.Dense(1, use_bias=False, name="own")(layers.Multiply(name="squares")([x, x]))
    return layers.Activation("exponential", name="similarity")(layers.Add(name="exponent")([crossed, own]))
