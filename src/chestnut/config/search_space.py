"""The `[search]` table of a recipe: which fields a search may vary, and within which ranges.

In the file, dotted keys become nested tables. A `Recipe` keeps them flat, under dotted names, such
as `optim.learning_rate`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from chestnut.config.ranges import Choice, FloatRange, IntRange, Range
from chestnut.errors import RecipeError, suggest
from chestnut.names import cut, quoted

_EXAMPLE = "{int = [32, 128], step = 16}, {float = [1e-4, 1e-2], log = true} or {choice = [3, 5]}"

SearchSpace = dict[str, Range]
_KINDS: dict[str, type[Range]] = {"int": IntRange, "float": FloatRange, "choice": Choice}
_TAKES = {
    "int": "two whole numbers, [low, high]",
    "float": "two numbers, [low, high]",
    "choice": "a list of plain values",
}


def read_space(table: Any, origin: str) -> SearchSpace:
    """Read a `[search]` table, with nested or dotted keys.

    Args:
        table: The table as TOML gives it.
        origin: The source of the table, with which error messages begin.

    Raises:
        RecipeError: An entry is not a range, or an entry is part of another one.

    >>> space = read_space({"model": {"kernels": {"0": {"choice": [3, 5]}}}}, "mine.toml")
    >>> print(*space, *space.values())
    model.kernels.0 3 or 5
    """
    if not isinstance(table, Mapping):
        raise RecipeError(f"{origin}: search is a table, such as search.optim.learning_rate = {_EXAMPLE}")
    found = dict(_read_entries(table, "", origin))
    for key in found:
        within = next((other for other in found if other.startswith(f"{key}.")), None)
        if within is not None:
            raise RecipeError(f"{origin}: search.{within} is a part of search.{key}; search only one of them")
    return found


def nested_space(space: SearchSpace) -> dict[str, Any]:
    """Return the space as plain values in nested tables, ready for TOML; the inverse of `read_space`."""
    table: dict[str, Any] = {}
    for key, one in space.items():
        *path, last = key.split(".")
        at = table
        for part in path:
            at = at.setdefault(part, {})
        at[last] = one.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return table


def _read_entries(table: Mapping[str, Any], prefix: str, origin: str) -> Iterator[tuple[str, Range]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, Range):
            yield key, value
        elif not isinstance(value, Mapping) or not value:
            raise RecipeError(f"{origin}: search.{key}: give {_EXAMPLE}, not {cut(json.dumps(value, default=str))}")
        elif all(isinstance(item, Mapping) for item in value.values()):
            yield from _read_entries(value, f"{key}.", origin)
        else:
            yield key, _read_entry(key, value, origin)


def _read_entry(key: str, table: Mapping[str, Any], origin: str) -> Range:
    kind = next((kind for kind in _KINDS if kind in table), None)
    if kind is None:
        odd = str(next(iter(table)))
        raise RecipeError(f"{origin}: search.{key}: no key {quoted(odd)}; {suggest(odd, _KINDS)} Give {_EXAMPLE}")
    known = [field.alias or name for name, field in _KINDS[kind].model_fields.items()]
    if strange := [name for name in table if name not in known]:
        raise RecipeError(
            f"{origin}: search.{key}: no key {quoted(strange[0])} beside {kind}; {suggest(strange[0], known)}"
        )
    try:
        return _KINDS[kind].model_validate_json(json.dumps(table))
    except ValidationError as error:
        fault = error.errors()[0]
        where, message = fault["loc"], fault["msg"].removeprefix("Value error, ")
        if where and where[0] in _KINDS and fault["type"] != "value_error":
            message = f"{kind} takes {_TAKES[kind]}, not {cut(json.dumps(table[kind]))}"
        elif where and fault["type"] != "value_error":
            message = f"{where[0]}: {message[0].lower()}{message[1:]}, given {quoted(fault['input'])}"
        raise RecipeError(f"{origin}: search.{key}: {message}") from None
