"""Count the weights of a keras-hub backbone that a file describes, without making them."""

from __future__ import annotations

import math
from typing import Any

import keras

from chestnut.models.hub.families import FAMILIES
from chestnut.models.hub.library import import_hub

#: The largest number in the configuration of a backbone, and the most blocks of one kind.
_MOST_NUMBER, _MOST_BLOCKS = 65_536, 512
_BLOCKS = ("num_layers", "depth", "repeats", "num_blocks")


def count_weights(part: dict[str, Any]) -> int:
    """Return the number of weights of a backbone.

    Keras makes its layers, but none of their arrays.

    Args:
        part: The backbone as a `config.json` describes it.

    Raises:
        MissingExtraError: keras-hub is not installed.
        ValueError: It has numbers beyond all limits, or describes no backbone that is possible.
    """
    hub = import_hub(f"this network, whose backbone is a {part['class_name']},")
    _check_numbers("", part["config"])
    kind = getattr(hub.models, FAMILIES[part["class_name"]].kind)
    before = _deferred()
    try:
        with keras.StatelessScope(initialize_variables=False):
            backbone = kind.from_config(dict(part["config"]))
            return sum(math.prod(weight.shape) for weight in backbone.weights)
    except Exception as error:
        raise ValueError(f"its {part['class_name']} is not possible ({' '.join(str(error).split())[:160]})") from error
    finally:
        _forget_deferred(before)


def _check_numbers(key: str, value: Any) -> None:
    """Check the numbers in a configuration; `key` is that of the table that a list is in."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else ((key, one) for one in value)
        for name, inner in pairs:
            _check_numbers(str(name), inner)
    elif isinstance(value, int | float):
        most = _MOST_BLOCKS if any(word in key for word in _BLOCKS) else _MOST_NUMBER
        if not -most <= value <= most:
            raise ValueError(f"its config.json has a {key[:40]} of {str(value)[:20]}; {most:,} is the limit")


def _deferred() -> list[Any]:
    """Return the variables that Keras has still to make, of whatever network."""
    from keras.src.backend.common import global_state  # the list has no public name

    return list(global_state.get_global_attribute("uninitialized_variables") or [])


def _forget_deferred(before: list[Any]) -> None:
    """Let Keras forget the variables of a backbone that was only counted; it would make them at the next chance."""
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("uninitialized_variables", before)
