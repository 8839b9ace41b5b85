"""Backbones with layers as in the real ones, but few and narrow: where tests need the kinds, and not the millions."""

from functools import partial

import keras
from keras import layers
from keras.src.applications.convnext import ConvNeXt
from keras.src.applications.densenet import DenseNet
from keras.src.applications.efficientnet_v2 import EfficientNetV2
from keras.src.applications.resnet import ResNet, stack_residual_blocks_v1

#: The channels of the blocks of `vgg16`, a sixteenth of the real ones, and their convolutions.
VGG_BLOCKS = ((4, 2), (8, 2), (16, 3), (32, 3), (32, 3))


def vgg16(include_top, weights, input_tensor=None, input_shape=None):
    """Build VGG-16 with a sixteenth of its channels, and the names of its layers."""
    x = keras.Input(input_shape) if input_tensor is None else input_tensor
    image = keras.utils.get_source_inputs(x)
    for block, (channels, convolutions) in enumerate(VGG_BLOCKS, 1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return keras.Model(image, x)


def resnet50(**given):
    """Build a residual network with one block in place of three to six in each of the four stacks."""

    def stack(x):
        for number, channels in enumerate((8, 16, 16, 32)):
            x = stack_residual_blocks_v1(x, channels, 1, stride1=min(number, 1) + 1, name=f"conv{number + 2}")
        return x

    return ResNet(stack, preact=False, use_bias=True, weights_name="resnet50", name="resnet50", **given)


#: By the names that `chestnut.models.backbones.BACKBONES` gives them.
SLIM = {
    "vgg16": vgg16,
    "resnet50": resnet50,
    "densenet121": partial(DenseNet, [1, 2, 1, 1]),
    "convnext-tiny": partial(ConvNeXt, depths=[1, 1, 2, 1], projection_dims=[8, 12, 16, 24]),
    "efficientnet-v2-b0": partial(
        EfficientNetV2, 0.25, 0.2, 224, min_depth=4, depth_divisor=4, name="efficientnetv2-b0"
    ),
}


def use_slim(patch, *names):
    """Let slim backbones stand in for real ones while a `pytest.MonkeyPatch` lasts."""
    from chestnut.models.backbones import BACKBONES

    for name in names:
        patch.setattr(keras.applications, BACKBONES[name].application, SLIM[name])
