"""Check the configuration in a `.keras` file before Keras builds it: its layers, its numbers and its size.

Keras refuses code in a file, but it builds any of its own layers in any size. Chestnut's networks have few kinds of
layers, and the size of each follows from its configuration, so both can be checked first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from chestnut.models.hub.families import FAMILIES

#: The bytes of a configuration: networks of a few hundred layers have half a megabyte.
MOST_BYTES = 32 * 2**20

#: The depth of tables and lists: a network has 14, and an ensemble of ensembles a few more for each level.
_MOST_DEPTH = 64

#: The largest kernel, stride, padding and the like.
_MOST_SIDE = 4096
_SIDES = ("kernel_size", "strides", "dilation_rate", "padding", "cropping", "pool_size", "depth_multiplier")

#: What changes the weights of a layer after it was built.
_ADDED = ("lora_rank", "quantization_config", "quantization_mode")

#: All that the networks of chestnut consist of, by the module that Keras names.
KNOWN: dict[str | None, frozenset[str]] = {
    None: frozenset({"__keras_tensor__"}),
    "keras": frozenset({"DTypePolicy", "Sequential"}),
    "keras.initializers": frozenset({"GlorotUniform", "Ones", "VarianceScaling", "Zeros"}),
    "keras.regularizers": frozenset({"L1L2"}),
    "keras.layers": frozenset(
        {
            *("Activation", "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Cropping2D"),
            *("Dense", "DepthwiseConv2D", "Dropout", "Flatten", "GlobalAveragePooling2D", "InputLayer"),
            *("LayerNormalization", "MaxPooling2D", "Multiply", "Normalization", "ReLU", "Rescaling", "Reshape"),
            "ZeroPadding2D",
            # those behind tokens
            *("Cropping1D", "GlobalAveragePooling1D"),
            # those of imported networks alone
            *("Average", "Conv2DTranspose", "ELU", "GlobalMaxPooling2D", "LeakyReLU", "Maximum", "Minimum", "PReLU"),
            *("SeparableConv2D", "Softmax", "Subtract", "UpSampling2D"),
        }
    ),
    "keras.src.applications.convnext": frozenset({"LayerScale"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.src.ops.math": frozenset({"Logsumexp"}),
    "keras.src.ops.nn": frozenset({"Relu"}),
    "keras.src.ops.numpy": frozenset(
        {
            *("Add", "Arctan2", "Minimum", "Mod", "Multiply", "Sqrt", "Square", "Stack", "Subtract", "Sum"),
            *("TrueDivide", "ZerosLike"),
        }
    ),
}

Table = dict[str, Any]


def count_declared(text: bytes) -> int:
    """Return the number of parameters of the network that a configuration describes, which is not built.

    Args:
        text: The content of a `config.json`.

    Raises:
        ValueError: It is no configuration of a network, or has parts that chestnut's networks do not have.
    """
    try:
        network = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError(f"its config.json is nested more than {_MOST_DEPTH} deep") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"its config.json is not JSON ({error})") from error
    if not isinstance(network, dict) or network.get("class_name") not in ("Functional", "Sequential"):
        raise ValueError("its config.json does not describe a network")
    network.pop("compile_config", None)  # which Keras is told to ignore
    return sum(_count(part) for part in _parts(network))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"its config.json contains {name}, which is no number")


def _parts(root: Any) -> Iterator[Table]:
    """Yield every table that Keras makes an object from."""
    todo = [(root, "", 1)]
    while todo:
        value, key, depth = todo.pop()
        if depth > _MOST_DEPTH:
            raise ValueError(f"its config.json is nested more than {_MOST_DEPTH} deep")
        if isinstance(value, dict):
            if "class_name" in value:
                _require_known(value)
                yield value
            todo += [(inner, name, depth + 1) for name, inner in value.items()]
        elif isinstance(value, list):
            todo += [(inner, key, depth + 1) for inner in value]
        else:
            _check_value(key, value)


def _check_value(key: str, value: Any) -> None:
    """Check one plain value; `key` is that of the table that it or its list is in."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"its config.json has a {key[:40]} that is not finite")
    if key in _SIDES and isinstance(value, int | float) and not 0 <= value <= _MOST_SIDE:
        raise ValueError(f"its config.json has a {key} of {str(value)[:20]}; 0 to {_MOST_SIDE:,} is allowed")
    if key in _ADDED and value is not None:
        raise ValueError(f"its config.json has a {key}, which chestnut's networks do not have")
    if key in ("dtype", "name") and isinstance(value, str) and "_from_" in value:
        raise ValueError(f"its config.json asks for the arithmetic {value[:40]}, which chestnut's networks do not have")


def _require_known(part: Table) -> None:
    name, module, alias = part["class_name"], part.get("module"), part.get("registered_name")
    known = isinstance(module, str | None) and isinstance(name, str) and name in KNOWN.get(module, ())
    if _is_hub(part):
        return
    if not known or alias not in (None, name):
        shown = ".".join(str(word)[:60] for word in (module, alias if known else name) if word is not None)
        raise ValueError(f"it contains {shown}, which chestnut's networks do not have")


def _is_hub(part: Table) -> bool:
    """Tell whether a table describes a backbone of keras-hub, as Keras writes it."""
    name, module, alias = part["class_name"], part.get("module"), part.get("registered_name")
    if name not in FAMILIES:
        return False
    return isinstance(module, str) and module.startswith("keras_hub.src.models.") and alias == f"keras_hub>{name}"


def _count(part: Table) -> int:
    """Return the number of parameters of one layer; 0 for what has none."""
    if _is_hub(part):
        from chestnut.models.hub.declared import count_weights  # which loads keras-hub

        return count_weights(part)
    count = _COUNTS.get(part["class_name"])
    if count is None or part.get("module") == "keras.src.ops.numpy":
        return 0
    try:
        config = part["config"]
        inputs = part["build_config"]["input_shape"]
        number = count(config, inputs[1 if config.get("data_format") == "channels_first" else -1])
        if not isinstance(number, int) or number < 0:
            raise TypeError("not a count")
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise ValueError(f"its config.json does not say how large a {part['class_name']} is") from error
    return number


def _count_dense(config: Table, channels: int) -> int:
    return int(config["units"]) * (channels + bool(config["use_bias"]))


def _count_conv(config: Table, channels: int) -> int:
    kernel = channels // int(config["groups"]) * math.prod(config["kernel_size"])
    return int(config["filters"]) * (kernel + bool(config["use_bias"]))


def _count_depthwise(config: Table, channels: int) -> int:
    kernel = math.prod(config["kernel_size"])
    return channels * int(config["depth_multiplier"]) * (kernel + bool(config["use_bias"]))


def _count_separable(config: Table, channels: int) -> int:
    between = channels * int(config["depth_multiplier"])
    return between * math.prod(config["kernel_size"]) + int(config["filters"]) * (between + bool(config["use_bias"]))


def _count_transpose(config: Table, channels: int) -> int:
    return int(config["filters"]) * (channels * math.prod(config["kernel_size"]) + bool(config["use_bias"]))


def _count_prelu(config: Table, channels: int) -> int:
    """Count the slopes of one channel at least; the layer has more where it shares them over fewer axes."""
    return channels


def _count_batch_norm(config: Table, channels: int) -> int:
    return channels * (2 + bool(config["scale"]) + bool(config["center"]))


def _count_layer_norm(config: Table, channels: int) -> int:
    return channels * (bool(config["scale"]) + bool(config["center"]))


def _count_given(config: Table, channels: int) -> int:
    """Count a normalisation whose mean is given, so that it has no weights."""
    if not isinstance(config["mean"], list) or not isinstance(config["variance"], list) or channels > _MOST_SIDE:
        raise ValueError("a mean that is learnt")
    return 0


def _count_scale(config: Table, channels: int) -> int:
    return int(config["projection_dim"])


_COUNTS: dict[str, Callable[[Table, int], int]] = {
    "Dense": _count_dense,
    "Conv2D": _count_conv,
    "Conv2DTranspose": _count_transpose,
    "DepthwiseConv2D": _count_depthwise,
    "PReLU": _count_prelu,
    "SeparableConv2D": _count_separable,
    "BatchNormalization": _count_batch_norm,
    "LayerNormalization": _count_layer_norm,
    "Normalization": _count_given,
    "LayerScale": _count_scale,
}
