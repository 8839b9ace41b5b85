"""Define the network that finds the lungs, once for training with Keras and once as an ONNX graph.

A U-Net: it halves the picture four times and doubles it three times, so that the field has half the side of the input.
`build` describes it with the operations of `Operations`; `KerasOperations` here and `graph.OnnxOperations` carry
them out.
"""

from __future__ import annotations

from typing import Any, Protocol

import keras
from keras import layers

from chestnut.lungfield.model import SIDE

#: The filters at 1/2, 1/4, 1/8 and 1/16 of the input's side.
FILTERS = (16, 32, 48, 64)


class Operations(Protocol):
    """What the network is made of; a value is a tensor of the library that computes."""

    def standardise(self, x: Any) -> Any:
        """Subtract each picture's mean, and divide by its standard deviation."""

    def conv(self, x: Any, name: str, filters: int, kernel: int = 3, stride: int = 1) -> Any:
        """Convolve, normalise by batch statistics, and set negative values to zero."""

    def pool(self, x: Any) -> Any:
        """Halve height and width by the maximum of 2×2 pixels."""

    def grow(self, x: Any) -> Any:
        """Double height and width by repetition."""

    def join(self, x: Any, y: Any) -> Any:
        """Put the channels of two tensors behind each other."""

    def mean(self, x: Any) -> Any:
        """Average over height and width."""

    def scores(self, x: Any, name: str, filters: int) -> Any:
        """Convolve with a kernel of one pixel, with a bias and nothing else."""

    def score(self, x: Any, name: str) -> Any:
        """Return one weighted sum with a bias."""


def build(ops: Operations, image: Any) -> tuple[Any, Any]:
    """Build the network.

    Args:
        ops: The operations that compute.
        image: Grey values 0..255, one channel, `SIDE` × `SIDE`.

    Returns:
        The logits of the field, one channel for the lung at the left of the picture and one for the lung at its right,
        `FIELD` × `FIELD`; and the logit of the presence of two lungs.
    """
    wide, half, quarter, deep = FILTERS
    x = ops.standardise(image)
    x = ops.conv(x, "stem", wide, kernel=5, stride=2)
    first = ops.conv(x, "first", wide)
    x = ops.conv(ops.pool(first), "second_a", half)
    second = ops.conv(x, "second_b", half)
    x = ops.conv(ops.pool(second), "third_a", quarter)
    third = ops.conv(x, "third_b", quarter)
    x = ops.conv(ops.pool(third), "deep_a", deep)
    x = ops.conv(x, "deep_b", deep)
    presence = ops.score(ops.mean(x), "presence")
    x = ops.conv(ops.join(ops.grow(x), third), "third_up", quarter)
    x = ops.conv(ops.join(ops.grow(x), second), "second_up", half)
    x = ops.conv(ops.join(ops.grow(x), first), "first_up", wide)
    return ops.scores(x, "field", 2), presence


class KerasOperations:
    """Builds the network from Keras's layers, channels last."""

    def standardise(self, x: Any) -> Any:
        """Subtract each picture's mean, and divide by its standard deviation."""
        ops = keras.ops
        centred = x - ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return centred / (ops.sqrt(ops.mean(centred * centred, axis=(1, 2, 3), keepdims=True)) + 1.0)

    def conv(self, x: Any, name: str, filters: int, kernel: int = 3, stride: int = 1) -> Any:
        """Convolve, normalise by batch statistics, and set negative values to zero."""
        x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=name)(x)
        x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)
        return layers.ReLU()(x)

    def pool(self, x: Any) -> Any:
        """Halve height and width by the maximum of 2×2 pixels."""
        return layers.MaxPooling2D(2)(x)

    def grow(self, x: Any) -> Any:
        """Double height and width by repetition."""
        return layers.UpSampling2D(2)(x)

    def join(self, x: Any, y: Any) -> Any:
        """Put the channels of two tensors behind each other."""
        return layers.Concatenate()([x, y])

    def mean(self, x: Any) -> Any:
        """Average over height and width."""
        return layers.GlobalAveragePooling2D()(x)

    def scores(self, x: Any, name: str, filters: int) -> Any:
        """Convolve with a kernel of one pixel, with a bias and nothing else."""
        return layers.Conv2D(filters, 1, name=name)(x)

    def score(self, x: Any, name: str) -> Any:
        """Return one weighted sum with a bias."""
        return layers.Dense(1, name=name)(x)


def keras_network() -> keras.Model:
    """Return the network with fresh weights; its input has the shape (n, SIDE, SIDE, 1)."""
    image = keras.Input((SIDE, SIDE, 1), name="image")
    return keras.Model(image, build(KerasOperations(), image), name="lungs")
