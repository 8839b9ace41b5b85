"""Apply settings to the plain values of a recipe by their dotted keys."""

from __future__ import annotations

from typing import Any

from chestnut.errors import RecipeError
from chestnut.names import cut, quoted

#: The most digits of a place in a list.
_MOST_DIGITS = 9


def assign(values: dict[str, Any], keys: list[str], value: Any, setting: str) -> None:
    """Set the value of a key in nested tables.

    Args:
        values: The tables, which are changed.
        keys: The parts of a dotted key; a number is an index into a list, as in `model.filters.0`.
        value: The new value.
        setting: The setting as the user gave it, for error messages.

    Raises:
        RecipeError: The key leads into a single value, or past the end of a list.
    """
    target: Any = values
    for place, key in enumerate(keys):
        last = place == len(keys) - 1
        if isinstance(target, list):
            index = _list_index(target, key, setting)
            target[index] = value if last else target[index]
            target = target[index]
        elif isinstance(target, dict):
            # A table that does not exist is made here and refused, by its full path, with the whole recipe
            target[key] = value if last else target.get(key, {})
            target = target[key]
        else:
            above = ".".join(keys[:place])
            raise RecipeError(
                f"{cut(setting)}: {cut(above)} is a single value, not a table; leave out .{cut('.'.join(keys[place:]))}"
            )


def _list_index(target: list[Any], key: str, setting: str) -> int:
    if not key.isdecimal() or len(key) > _MOST_DIGITS or int(key) >= len(target):
        raise RecipeError(f"{cut(setting)}: the list has items 0 to {len(target) - 1}, not {quoted(key)}")
    return int(key)
