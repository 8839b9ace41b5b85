"""Set the weights that a backbone starts from: those of ImageNet, or those of a file."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import keras
import numpy as np

from chestnut.config import HUB, BackboneConfig, InputSpec
from chestnut.errors import DownloadError, RecipeError, in_one_line
from chestnut.models.backbones import BACKBONES, Backbone
from chestnut.models.freeze import backbone_layers
from chestnut.models.pretrained.hub import load_hub_weights
from chestnut.models.weights_file import load_weights_file


def load_pretrained(network: keras.Model, config: BackboneConfig, spec: InputSpec) -> None:
    """Set the weights of a network's backbone as its recipe says; `none` leaves them random.

    Args:
        network: The network that `build` made from the same `[model]` table.
        config: That table; its `weights` is `imagenet`, `preset`, `none` or the path of a weights file.
        spec: The input of the network.

    Raises:
        RecipeError: The file does not exist, or it contains the weights of another network.
        DownloadError: The ImageNet weights could not be downloaded.
    """
    if config.weights == "none":
        return
    if config.network == HUB:
        load_hub_weights(network, config, spec)
        return
    backbone = BACKBONES[config.network]
    shape = (spec.height, spec.width, 3)
    if config.weights == "imagenet":
        source = _download(backbone, config.network, shape)
    else:
        source = _read_file(backbone, config, shape)
    _copy(source, network)


def _download(backbone: Backbone, name: str, shape: tuple[int, int, int]) -> keras.Model:
    try:
        with contextlib.redirect_stdout(sys.stderr):  # where Keras shows the progress of the download
            return backbone.make("imagenet", input_shape=shape)
    except Exception as error:
        raise DownloadError(
            f"the ImageNet weights of {name} could not be downloaded ({in_one_line(error)}); set "
            f"model.weights to a file saved from keras.applications.{backbone.application}(include_top=False), or to "
            "none for random weights"
        ) from error


def _read_file(backbone: Backbone, config: BackboneConfig, shape: tuple[int, int, int]) -> keras.Model:
    path = Path(config.weights).expanduser()
    if not path.is_file():
        raise RecipeError(
            f"model.weights: no file {config.weights}; give imagenet, none, a weights file of {config.network} or the "
            "folder of a run"
        )
    source = backbone.make(input_shape=shape)
    try:
        load_weights_file(source, path)
    except ValueError as error:
        raise RecipeError(
            f"model.weights: {path} does not contain the weights of {config.network} "
            f"({in_one_line(error)}); give a file saved from "
            f"keras.applications.{backbone.application}(include_top=False) by save_weights"
        ) from error
    return source


def _copy(source: keras.Model, network: keras.Model) -> None:
    """Copy weights layer by layer; a kernel over three equal channels is summed to one over a single channel."""
    given = [weight for layer in source.layers for weight in layer.weights]
    wanted = [weight for layer in backbone_layers(network) for weight in layer.weights]
    for weight, value in zip(wanted, given, strict=True):
        array = np.asarray(value)
        weight.assign(array.sum(axis=2, keepdims=True) if array.shape != tuple(weight.shape) else array)
