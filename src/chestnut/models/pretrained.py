"""Sets the weights that a backbone starts from: ImageNet's, or a file's.

Called by `training` when a run begins; a saved network needs none of it.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from pathlib import Path

import keras
import numpy as np

from chestnut.config import BackboneConfig, InputSpec
from chestnut.errors import DownloadError, RecipeError
from chestnut.models.backbones import BACKBONES, Backbone
from chestnut.models.freeze import backbone_layers


def load_pretrained(network: keras.Model, config: BackboneConfig, spec: InputSpec) -> None:
    """Set the weights of a network's backbone as its recipe names them; `none` leaves them random.

    Args:
        network: Made by `build` from the same `[model]` table.
        config: That table; its `weights` is `imagenet`, `none` or the path of a weights file.
        spec: What the network is fed.

    Raises:
        RecipeError: There is no such file, or it holds the weights of something else.
        DownloadError: ImageNet weights could not be downloaded.
    """
    if config.weights == "none":
        return
    backbone = BACKBONES[config.network]
    shape = (spec.height, spec.width, 3)
    if config.weights == "imagenet":
        source = _downloaded(backbone, config.network, shape)
    else:
        source = _from_file(backbone, config, shape)
    _copy(source, network)


def _downloaded(backbone: Backbone, name: str, shape: tuple[int, int, int]) -> keras.Model:
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Keras tells there how far the download is
            return backbone.make("imagenet", input_shape=shape)
    except Exception as error:
        raise DownloadError(
            f"the ImageNet weights of {name} could not be downloaded ({' '.join(str(error).split())}); give a file "
            f"saved from keras.applications.{backbone.application}(include_top=False) by "
            "--set model.weights=FILE.weights.h5, or start from random weights by --set model.weights=none"
        ) from error


def _from_file(backbone: Backbone, config: BackboneConfig, shape: tuple[int, int, int]) -> keras.Model:
    path = Path(config.weights).expanduser()
    if not path.is_file():
        raise RecipeError(
            f"model.weights: no file {config.weights}; give imagenet, none, a weights file of {config.network} or a "
            "run's folder"
        )
    source = backbone.make(input_shape=shape)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras warns where it leaves layers as they were
            source.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError, AttributeError, UserWarning) as error:
        raise RecipeError(
            f"model.weights: {path} does not hold the weights of {config.network} "
            f"({' '.join(str(error).split())[:160]}); give a file saved from "
            f"keras.applications.{backbone.application}(include_top=False) by save_weights"
        ) from error
    return source


def _copy(source: keras.Model, network: keras.Model) -> None:
    """Copy weights layer by layer; a kernel over three equal channels is summed to one over a single one."""
    given = [weight for layer in source.layers for weight in layer.weights]
    wanted = [weight for layer in backbone_layers(network) for weight in layer.weights]
    for weight, value in zip(wanted, given, strict=True):
        array = np.asarray(value)
        weight.assign(array.sum(axis=2, keepdims=True) if array.shape != tuple(weight.shape) else array)
