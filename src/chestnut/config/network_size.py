"""Estimate the size of a network from its recipe, so that one too large for memory is not even built."""

from __future__ import annotations

from typing import Any

from chestnut.config.classical import HogLogisticConfig, PcaSvmConfig
from chestnut.config.inputs import InputSpec
from chestnut.config.limits import MOST_PARAMETERS, MOST_VALUES
from chestnut.config.model import BackboneConfig, CnnConfig, MlpConfig

#: The most features that a backbone gives to its dense layers.
_BACKBONE_FEATURES = 2048


def check_size(model: Any, spec: InputSpec) -> None:
    """Check that a network is not too large, but for its backbone and its layer of logits.

    Args:
        model: The `[model]` table of a recipe.
        spec: The input.

    Raises:
        ValueError: It has too many parameters, or a layer puts out too many values for one image.
    """
    parameters, values, fields = _measure(model, spec)
    if parameters > MOST_PARAMETERS:
        raise ValueError(
            f"this {model.network} would have {parameters:,} parameters, and {MOST_PARAMETERS:,} is the limit; "
            f"lower {fields} or input.height and input.width"
        )
    if values > MOST_VALUES:
        raise ValueError(
            f"a layer of this {model.network} would put out {values:,} values for one image, and {MOST_VALUES:,} is "
            f"the limit; lower {fields} or input.height and input.width"
        )


def _measure(model: Any, spec: InputSpec) -> tuple[int, int, str]:
    """Return the parameters, the most values of a layer for one image, and the fields that decide them."""
    pixels = spec.height * spec.width * spec.channels
    match model:
        case CnnConfig():
            return *_measure_cnn(model, spec), "model.filters, model.dense"
        case MlpConfig():
            return _count_dense(pixels, model.dense, 4 * model.batch_norm), pixels, "model.dense"
        case BackboneConfig():
            return _count_dense(_BACKBONE_FEATURES, model.dense), pixels, "model.dense"
        case PcaSvmConfig():
            return pixels * model.components, pixels, "model.components"
        case HogLogisticConfig():
            rows, columns = (max(0, side // model.cell - model.block + 1) for side in (spec.height, spec.width))
            features = rows * columns * model.block**2 * model.orientations
            most = max(features, spec.height * spec.width * model.orientations)
            return 2 * features, most, "model.orientations, model.block"
    return 0, pixels, "the size of the network"


def _measure_cnn(model: CnnConfig, spec: InputSpec) -> tuple[int, int]:
    height, width, channels = spec.shape
    parameters, most = 0, height * width * channels
    for block, filters in enumerate(model.filters):
        kernel, padding = _at(model.kernels, block), _at(model.padding, block)
        for _ in range(model.depth):
            parameters += filters * (channels * kernel**2 + 1 + 4 * model.batch_norm)
            if padding == "valid":
                height, width = height - kernel + 1, width - kernel + 1
            channels, most = filters, max(most, height * width * filters)
        spare = model.pool_padding == "same"
        height, width = (height + spare) // 2, (width + spare) // 2
        if min(height, width) < 1:
            return parameters, most  # too small for so many blocks, which building it says better
    features = channels if model.gather == "average" else height * width * channels
    return parameters + _count_dense(features, model.dense), most


def _count_dense(features: int, units: tuple[int, ...], extra: int = 0) -> int:
    return sum(out * (into + 1 + extra) for into, out in zip((features, *units), units, strict=False))


def _at(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, tuple) else value
