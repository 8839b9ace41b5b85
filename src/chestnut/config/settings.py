"""Apply `key=value` settings to the plain values of a recipe; keys are dotted, values are TOML."""

from __future__ import annotations

import tomllib
from typing import Any

from chestnut.errors import RecipeError, suggest


def toml_value(text: str) -> Any:
    """Read one value as TOML; anything that is not TOML is text, so that names need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def assign(values: dict[str, Any], keys: list[str], value: Any, setting: str) -> None:
    """Set the value of a key in nested tables.

    Args:
        values: The tables, which are changed.
        keys: The parts of a dotted key; a number is an index into a list, as in `model.filters.0`.
        value: The new value.
        setting: The setting as the user gave it, for error messages.

    Raises:
        RecipeError: The key does not exist.
    """
    target: Any = values
    for key in keys[:-1]:
        target = _child(target, key, setting)
    last = keys[-1]
    if isinstance(target, list):
        target[_list_index(target, last, setting)] = value
    elif isinstance(target, dict):
        target[last] = value
    else:
        raise RecipeError(f"{setting}: {'.'.join(keys[:-1])} is a single value, not a table; leave out .{last}")


def _child(target: Any, key: str, setting: str) -> Any:
    if isinstance(target, list):
        return target[_list_index(target, key, setting)]
    if isinstance(target, dict) and key in target:
        return target[key]
    known = target if isinstance(target, dict) else ()
    raise RecipeError(f"{setting}: no key {key!r}; {suggest(key, known)}")


def _list_index(target: list[Any], key: str, setting: str) -> int:
    if not key.isdecimal() or int(key) >= len(target):
        raise RecipeError(f"{setting}: the list has items 0 to {len(target) - 1}, not {key!r}")
    return int(key)
