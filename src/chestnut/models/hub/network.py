"""Build the features of a keras-hub backbone: its preprocessing, the backbone, and what gathers its output."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from chestnut.config import BackboneConfig
from chestnut.errors import RecipeError
from chestnut.models.hub.preset import Preset, describe_misfit
from chestnut.models.parts import GATHER, dense_layers
from chestnut.models.registry import register


@register("keras-hub")
def build_features(config: BackboneConfig, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Build the features of a network whose backbone is a preset of keras-hub, (batch, n).

    The backbone is a network inside the network. Maps are averaged. Of tokens, the class token is taken where there is
    one, as keras-hub's own classifiers do, and the average elsewhere.

    Raises:
        RecipeError: There is no such preset, it is not for images, or the input does not fit it.
        DownloadError: It could not be downloaded.
        MissingExtraError: keras-hub is not installed.
    """
    preset = Preset.find(config.preset)
    height, width = image.shape[1:3]
    prepared = _preprocess(preset, image, policy)
    try:
        backbone = preset.make((height, width, 3), policy=policy)
        takes = backbone.input
        output = backbone(dict.fromkeys(takes, prepared) if isinstance(takes, dict) else prepared)
        features = _gather(preset, backbone, output, policy)
    except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
        raise RecipeError(describe_misfit(config.preset, (height, width, 3), error)) from error
    return dense_layers(features, config.dense, config.dense_dropout, config.l2, policy)


def _preprocess(preset: Preset, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Scale grey values 0..255 as the preset's own converter does."""
    scale, offset = preset.scale()
    if image.shape[-1] == 1:
        image = layers.Concatenate(name="repeat", dtype=policy)([image] * 3)
    if len(set(scale)) == len(set(offset)) == 1:
        return layers.Rescaling(scale[0], offset[0], name="preprocess", dtype=policy)(image)
    mean = [-shift / factor for factor, shift in zip(scale, offset, strict=True)]
    variance = [factor**-2 for factor in scale]
    return layers.Normalization(mean=mean, variance=variance, name="preprocess", dtype=policy)(image)


def _gather(preset: Preset, backbone: Any, output: Any, policy: str) -> keras.KerasTensor:
    if isinstance(output, dict):  # maps of several scales, the coarsest last
        output = output[list(output)[-1]]
    if len(output.shape) == 4:
        return layers.GlobalAveragePooling2D(name=GATHER, dtype=policy)(output)
    if preset.family.gather == "class token" and getattr(backbone, "use_class_token", True):
        output = layers.Cropping1D((0, output.shape[1] - 1), name="class_token", dtype=policy)(output)
    return layers.GlobalAveragePooling1D(name=GATHER, dtype=policy)(output)
