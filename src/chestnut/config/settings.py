"""`key=value` settings on the plain values of a recipe: keys are dotted, values are TOML."""

from __future__ import annotations

import tomllib
from typing import Any

from chestnut.errors import RecipeError, suggest


def toml_value(text: str) -> Any:
    """Read one value as TOML; what is not TOML is taken as text, so that names need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def assign(values: dict[str, Any], keys: list[str], value: Any, setting: str) -> None:
    """Set a dotted key; a number in it is a place in a list, as in `model.filters.0`."""
    target: Any = values
    for key in keys[:-1]:
        target = _child(target, key, setting)
    last = keys[-1]
    if isinstance(target, list):
        target[_place(target, last, setting)] = value
    elif isinstance(target, dict):
        target[last] = value
    else:
        raise RecipeError(f"--set {setting}: {'.'.join(keys[:-1])} holds one value, not a table; leave out .{last}")


def _child(target: Any, key: str, setting: str) -> Any:
    if isinstance(target, list):
        return target[_place(target, key, setting)]
    if isinstance(target, dict) and key in target:
        return target[key]
    known = target if isinstance(target, dict) else ()
    raise RecipeError(f"--set {setting}: no key {key!r}; {suggest(key, known)}")


def _place(target: list[Any], key: str, setting: str) -> int:
    if not key.isdecimal() or int(key) >= len(target):
        raise RecipeError(f"--set {setting}: the list has places 0 to {len(target) - 1}, not {key!r}")
    return int(key)
