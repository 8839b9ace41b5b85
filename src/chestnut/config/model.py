"""The `[model]` table of a recipe: one class for each kind of network, chosen by the field `network`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from chestnut.config.classical import HogLogisticConfig, PcaSvmConfig
from chestnut.config.ensemble import EnsembleConfig
from chestnut.config.imported import ImportedConfig
from chestnut.config.part import Filters, Fraction, NotNegative, Part, Rate, Side, Units

#: The network of a recipe whose backbone is a preset of the library keras-hub.
HUB: Final = "keras-hub"


class CnnConfig(Part):
    """A plain convolutional network: blocks of convolution and pooling, then dense layers, then the head.

    A field that takes a list takes one value for each block (for each dense layer in `dense_dropout`). A single value
    applies to all.
    """

    network: Literal["cnn"] = "cnn"
    filters: Annotated[tuple[Filters, ...], Field(min_length=1, max_length=32, description="filters of each block")] = (
        16,
        32,
        64,
    )
    kernels: Side | tuple[Side, ...] = Field(3, description="kernel size of each block")
    depth: Annotated[int, Field(ge=1, le=32, description="convolutions in each block, before its pooling")] = 1
    padding: Literal["valid", "same"] | tuple[Literal["valid", "same"], ...] = Field(
        "valid", description="padding of the convolutions"
    )
    pool_padding: Literal["valid", "same"] = Field("valid", description="padding of the 2×2 max pooling")
    dropout: Rate | tuple[Rate, ...] = Field(0.0, description="dropout after each block")
    batch_norm: bool = Field(False, description="batch normalisation after each convolution")
    l1: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L1 penalty on each block's kernels")
    l2: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L2 penalty on each block's kernels")
    gather: Literal["flatten", "average"] = Field("flatten", description="flatten the last block or average it")
    dense: tuple[Units, ...] = Field((128,), max_length=32, description="units of each dense layer")
    dense_dropout: Rate | tuple[Rate, ...] = Field(0.0, description="dropout after each dense layer")
    head: Literal["softmax", "sigmoid"] = Field("softmax", description="a logit per class, or one for two classes")

    @model_validator(mode="after")
    def _check_values_per_block(self) -> Self:
        for name in ("kernels", "padding", "dropout", "l1", "l2"):
            _same_length(name, getattr(self, name), len(self.filters), "filters")
        _same_length("dense_dropout", self.dense_dropout, len(self.dense), "dense")
        return self


class MlpConfig(Part):
    """A network without convolution: the flattened image, dense layers, then the head."""

    network: Literal["mlp"] = "mlp"
    dense: Annotated[tuple[Units, ...], Field(min_length=1, max_length=32, description="units of each dense layer")] = (
        128,
    )
    dropout: Rate | tuple[Rate, ...] = Field(0.0, description="dropout after each dense layer")
    batch_norm: bool = Field(False, description="batch normalisation after each dense layer")
    l1: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L1 penalty on each layer's kernel")
    l2: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L2 penalty on each layer's kernel")
    head: Literal["softmax", "sigmoid"] = Field("softmax", description="a logit per class, or one for two classes")

    @model_validator(mode="after")
    def _check_values_per_layer(self) -> Self:
        for name in ("dropout", "l1", "l2"):
            _same_length(name, getattr(self, name), len(self.dense), "dense")
        return self


class BackboneConfig(Part):
    """A published network, trained on photographs, with a new head: average pooling, dense layers, logits.

    The backbone's batch normalisation keeps its statistics. The output of its untrained lower layers is computed once
    for each image and kept.
    """

    network: Literal[
        "mobilenet-v2",
        "densenet121",
        "vgg16",
        "inception-v3",
        "resnet50",
        "efficientnet-v2-b0",
        "convnext-tiny",
        "keras-hub",
    ] = "mobilenet-v2"
    preset: str = Field("", max_length=1024, description="of `keras-hub` alone: the name of its preset, or a folder")
    weights: Annotated[str, Field(min_length=1)] = Field(
        "imagenet",
        description="`imagenet` (downloaded once; `preset` for those of a keras-hub preset), `none` (random), a "
        "weights file of the backbone, or a run folder to start from all weights of its network",
    )
    unfreeze: Fraction = Field(0.0, description="share of the backbone's layers that is trained, from the top")
    gradual: int = Field(
        0, ge=0, description="epochs over which the trained share grows from 0 to `unfreeze`; 0 trains all at once"
    )
    lowest_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="share of the learning rate at the lowest trained layer; it falls log-linearly from the top"
    )
    dense: tuple[Units, ...] = Field((256, 128), max_length=32, description="units of each dense layer of the head")
    dense_dropout: Rate | tuple[Rate, ...] = Field(0.3, description="dropout after each dense layer")
    l2: NotNegative | tuple[NotNegative, ...] = Field(1e-4, description="L2 penalty on each dense layer's kernel")
    head: Literal["softmax", "sigmoid"] = Field("softmax", description="a logit per class, or one for two classes")

    @model_validator(mode="after")
    def _check_preset(self) -> Self:
        if self.network == HUB and not self.preset:
            raise ValueError(
                'network keras-hub needs a preset; write network = "keras-hub:PRESET", such as '
                "keras-hub:dinov2_small, or keras-hub:FOLDER"
            )
        if self.network != HUB and (self.preset or self.weights == "preset"):
            raise ValueError(
                f'preset and weights = "preset" are for keras-hub, and the network is {self.network}; write '
                'network = "keras-hub:PRESET"'
            )
        return self

    @model_validator(mode="after")
    def _check_values_per_layer(self) -> Self:
        for name in ("dense_dropout", "l2"):
            _same_length(name, getattr(self, name), len(self.dense), "dense")
        return self


def split_preset(values: Any) -> Any:
    """Return a `[model]` table with the network `keras-hub:PRESET` as two fields; other tables as they are.

    The weights of such a network are by default those of its preset.

    >>> split_preset({"network": "keras-hub:dinov2_small"})
    {'network': 'keras-hub', 'preset': 'dinov2_small', 'weights': 'preset'}
    """
    network = values.get("network") if isinstance(values, dict) else None
    if not isinstance(network, str) or network.partition(":")[0] != HUB:
        return values
    network, _, preset = network.partition(":")
    values = values | {"network": network} | ({"preset": preset} if preset else {})
    return values if values.get("weights", "imagenet") != "imagenet" else values | {"weights": "preset"}


ModelConfig = Annotated[
    CnnConfig | MlpConfig | BackboneConfig | PcaSvmConfig | HogLogisticConfig | EnsembleConfig | ImportedConfig,
    Field(discriminator="network"),
]


def _same_length(name: str, value: object, length: int, of: str) -> None:
    if isinstance(value, tuple) and len(value) != length:
        raise ValueError(f"{name} has {len(value)} values for {length} {of}; give one value, or one for each")
