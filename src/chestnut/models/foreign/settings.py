"""Read the settings of a layer as any version of Keras wrote them, and refuse those that are not understood."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from chestnut.models.foreign.layer_rules import ACTIVATIONS, LAYERS, NEUTRAL, WIDTHS, WITHOUT_EFFECT
from chestnut.models.foreign.tables import Table

#: The largest kernel, stride, padding and the like.
_MOST_SIDE: Final = 4096
_SIDES: Final = frozenset(
    {
        *("kernel_size", "strides", "dilation_rate", "pool_size", "depth_multiplier", "groups", "cropping", "size"),
        "padding",
    }
)

#: Settings that were renamed, by the class of the layer and the old name.
_RENAMED: Final = {("LeakyReLU", "alpha"): "negative_slope"}

_EXACT: Final = ("float32", "float64")


def read_settings(kind: str, config: Table, notes: set[str], sizes: Collection[int]) -> dict[str, Any]:
    """Return the settings of a layer that matter, as Keras 3 takes them.

    Args:
        kind: The class of the layer, one of `LAYERS`.
        config: Its configuration in the file.
        notes: Receives what was changed, in words.
        sizes: The lengths of all axes of the arrays in the file.

    Raises:
        ValueError: A setting is not understood or not possible.
    """
    _check_arithmetic(config, notes)
    found = {}
    for key, value in config.items():
        name = _RENAMED.get((kind, key), key)
        if name in LAYERS[kind]:
            found[name] = _convert(kind, name, value, config, notes)
        elif key in WITHOUT_EFFECT or value is None:
            continue
        elif key in NEUTRAL and value == NEUTRAL[key]:
            if key == "groups":
                notes.add(f"left out groups={value} of {kind}, which this Keras does not take")
        else:
            raise ValueError(f"its {_name(config)} has {key}={str(value)[:60]}, which is not understood")
    for key in WIDTHS:
        if found.get(key) is not None and found[key] not in sizes:
            raise ValueError(
                f"its {_name(config)} declares {key}={str(found[key])[:30]}, and no array in the file has that length"
            )
    return found


def _name(config: Table) -> str:
    return f"layer {str(config.get('name'))[:60]!r}"


def _convert(kind: str, key: str, value: Any, config: Table, notes: set[str]) -> Any:
    if key == "activation":
        return _activation(value, config, notes)
    if key == "data_format" and value not in (None, "channels_last"):
        raise ValueError(f"its {_name(config)} takes images as {str(value)[:30]}; only channels_last is computed here")
    if key == "axis" and isinstance(value, list) and len(value) == 1:
        notes.add(f"axis {value} of {kind} is {value[0]}")
        return value[0]
    _require_plain(key, value, config)
    return value


def _activation(value: Any, config: Table, notes: set[str]) -> str:
    name = value.get("config") if isinstance(value, dict) and value.get("class_name") == "function" else value
    if name is None:
        return "linear"
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(
            f"its {_name(config)} has the activation {str(name)[:60]!r}, which is not among {', '.join(ACTIVATIONS)}"
        )
    if ACTIVATIONS[name] != name:
        notes.add(f"{name} is {ACTIVATIONS[name]}")
    return ACTIVATIONS[name]


def _require_plain(key: str, value: Any, config: Table) -> None:
    """Check that a setting is a word, a number, or lists of numbers, none of them huge."""
    if isinstance(value, list):
        for inner in value:
            _require_plain(key, inner, config)
        return
    if value is not None and not isinstance(value, int | float | str):
        raise ValueError(f"its {_name(config)} has a {key} that is not understood")
    if isinstance(value, int | float) and key in _SIDES and not 0 <= value <= _MOST_SIDE:
        raise ValueError(f"its {_name(config)} has a {key} of {str(value)[:20]}; 0 to {_MOST_SIDE:,} is allowed")


def _check_arithmetic(config: Table, notes: set[str]) -> None:
    policy = config.get("dtype")
    name = policy.get("config", {}).get("name") if isinstance(policy, dict) else policy
    if name is None or name in _EXACT:
        return
    if not isinstance(name, str) or not name.removeprefix("mixed_").endswith("float16"):
        raise ValueError(f"its {_name(config)} computes in {str(name)[:40]}, and float32 is needed; save it so")
    notes.add(f"the arithmetic {name} is float32, which is more exact")
