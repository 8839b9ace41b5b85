"""Networks of `keras.applications`, pretrained on photographs, each between its preprocessing and a head.

Their layers are at the top level of the network, not nested, so that it can be cut between any two of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers

from chestnut.config import BackboneConfig
from chestnut.errors import RecipeError
from chestnut.models.parts import GATHER, dense_layers
from chestnut.models.registry import register


@dataclass(frozen=True)
class Scale:
    """The mean that is subtracted from grey values 0..255, and the deviation that divides them, for each channel."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


@dataclass(frozen=True)
class Backbone:
    """One of `keras.applications`.

    Attributes:
        application: The name of its function in `keras.applications`.
        scale: Its preprocessing.
        smallest: The least side of its input in pixels.
        options: Further arguments of that function.
    """

    application: str
    scale: Scale
    smallest: int = 32
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def folds(self) -> bool:
        """Whether its first convolution can take one channel in place of three equal ones.

        Convolution is linear, so its kernel can be summed over three equal channels. They are equal where every channel
        has the same preprocessing; otherwise the zeros around the image would stand for a different grey in each.
        """
        return len(set(self.scale.mean)) == 1 and len(set(self.scale.deviation)) == 1

    def make(self, weights: str | None = None, **given: Any) -> keras.Model:
        """Build the application without its classifier, for three channels unless an input tensor has others."""
        network: keras.Model = getattr(keras.applications, self.application)(
            include_top=False, weights=weights, **self.options, **given
        )
        return network


_HALF = Scale((127.5,) * 3, (127.5,) * 3)
# The mean and deviation of red, green and blue in ImageNet
_TORCH = Scale((255 * 0.485, 255 * 0.456, 255 * 0.406), (255 * 0.229, 255 * 0.224, 255 * 0.225))
# Blue comes first; for a grey image only the order of the means differs
_CAFFE = Scale((103.939, 116.779, 123.68), (1.0,) * 3)
_OUTSIDE = {"include_preprocessing": False}

#: The preprocessing is that of `keras.applications`: the `preprocess_input` of each, or the layers that it contains.
BACKBONES: dict[str, Backbone] = {
    "mobilenet-v2": Backbone("MobileNetV2", _HALF),
    "densenet121": Backbone("DenseNet121", _TORCH),
    "vgg16": Backbone("VGG16", _CAFFE),
    "inception-v3": Backbone("InceptionV3", _HALF, smallest=75),
    "resnet50": Backbone("ResNet50", _CAFFE),
    "efficientnet-v2-b0": Backbone("EfficientNetV2B0", _TORCH, options=_OUTSIDE),
    "convnext-tiny": Backbone("ConvNeXtTiny", _TORCH, options=_OUTSIDE),
}


def _features(config: BackboneConfig, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Preprocessing, the backbone, global average pooling and dense layers."""
    backbone = BACKBONES[config.network]
    if min(image.shape[1:3]) < backbone.smallest:
        raise RecipeError(
            f"an input of {image.shape[1]}×{image.shape[2]} is too small for {config.network}, which takes "
            f"{backbone.smallest} pixels a side or more; raise input.height and input.width"
        )
    with _policy(policy):
        x = backbone.make(input_tensor=_preprocess(backbone, image, policy)).output
    x = layers.GlobalAveragePooling2D(name=GATHER, dtype=policy)(x)
    return dense_layers(x, config.dense, config.dense_dropout, config.l2, policy)


def _preprocess(backbone: Backbone, image: keras.KerasTensor, policy: str) -> keras.KerasTensor:
    """Scale grey values 0..255 as the backbone expects them, in one channel where the result is exactly equal."""
    scale = backbone.scale
    if backbone.folds:
        mean, deviation = scale.mean[0], scale.deviation[0]
        return layers.Rescaling(1 / deviation, -mean / deviation, name="preprocess", dtype=policy)(image)
    if image.shape[-1] == 1:
        image = layers.Concatenate(name="repeat", dtype=policy)([image] * 3)
    variance = [value**2 for value in scale.deviation]
    return layers.Normalization(mean=scale.mean, variance=variance, name="preprocess", dtype=policy)(image)


@contextmanager
def _policy(policy: str) -> Iterator[None]:
    """Set the dtype policy of the layers, which `keras.applications` takes only from the global setting."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


for _name in BACKBONES:
    register(_name)(_features)
