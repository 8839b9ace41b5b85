"""The `[search]` table of a recipe: which of its fields a search may vary, and within what bounds.

Called by `recipe`, which reads and writes it, and by `search`, which draws from it. In the table, dotted keys make
nested tables; a recipe holds them flat, by the names that `--set` takes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from chestnut.config.part import Part, Positive
from chestnut.errors import RecipeError, suggest

Value = bool | int | float | str | tuple[Any, ...]

_EXAMPLE = "{int = [32, 128], step = 16}, {float = [1e-4, 1e-2], log = true} or {choice = [3, 5]}"


class IntRange(Part):
    """Whole numbers from low to high, both included.

    >>> IntRange(int=(32, 128), step=16).size
    7
    """

    bounds: tuple[int, int] = Field(alias="int", description="low and high")
    step: int = Field(1, ge=1, description="from one number to the next")
    log: bool = Field(False, description="draw evenly by ratio instead of by difference")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _check_bounds(self.bounds, "int")
        if self.log and (self.bounds[0] < 1 or self.step != 1):
            raise ValueError("log takes whole numbers from 1 on, without step")
        if (self.bounds[1] - self.bounds[0]) % self.step:
            low, high = self.bounds
            raise ValueError(f"steps of {self.step} from {low} do not meet {high}; {_meeting(low, high, self.step)}")
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values that a recipe must take for it to take all."""
        return self.bounds

    @property
    def size(self) -> float:
        """How many values there are."""
        return (self.bounds[1] - self.bounds[0]) // self.step + 1

    def at(self, place: int) -> Value:
        """The value at a place, from 0."""
        return self.bounds[0] + place * self.step

    def __str__(self) -> str:
        return _in_words(self.bounds, self.step if self.step > 1 else None, self.log)


class FloatRange(Part):
    """Numbers from low to high, both included."""

    bounds: tuple[float, float] = Field(alias="float", description="low and high")
    step: Positive | None = Field(None, description="from one number to the next; none for every number")
    log: bool = Field(False, description="draw evenly by ratio instead of by difference")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _check_bounds(self.bounds, "float")
        if self.log and (self.bounds[0] <= 0 or self.step is not None):
            raise ValueError("log takes numbers above 0, without step")
        if self.step is not None:
            low, high = self.bounds
            steps = (high - low) / self.step
            if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
                raise ValueError(f"steps of {self.step:g} from {low:g} do not meet {high:g}; choose ones that do")
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values that a recipe must take for it to take all."""
        return self.bounds

    @property
    def size(self) -> float:
        """How many values there are."""
        return math.inf if self.step is None else round((self.bounds[1] - self.bounds[0]) / self.step) + 1

    def at(self, place: int) -> Value:
        """The value at a place, from 0; of a range with steps."""
        return self.bounds[0] + place * (self.step or 0.0)

    def __str__(self) -> str:
        return _in_words(self.bounds, self.step, self.log)


class Choice(Part):
    """Some values of any kind, without an order."""

    choice: tuple[bool | int | float | str | tuple[Any, ...], ...] = Field(description="the values; 2 or more")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if len(self.choice) < 2:
            raise ValueError("choice needs 2 values or more; a single one is set in the recipe itself")
        for at, value in enumerate(self.choice):
            if value in self.choice[:at]:
                raise ValueError(f"choice has {_written(value)} more than once")
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values that a recipe must take for it to take all."""
        return self.choice

    @property
    def size(self) -> float:
        """How many values there are."""
        return len(self.choice)

    def at(self, place: int) -> Value:
        """The value at a place, from 0."""
        return self.choice[place]

    def __str__(self) -> str:
        *some, last = [_written(value) for value in self.choice]
        return f"{', '.join(some)} or {last}"


Range = IntRange | FloatRange | Choice
SearchSpace = dict[str, Range]
_KINDS: dict[str, type[Range]] = {"int": IntRange, "float": FloatRange, "choice": Choice}
_TAKES = {
    "int": "two whole numbers, [low, high]",
    "float": "two numbers, [low, high]",
    "choice": "a list of plain values",
}


def read_space(table: Any, origin: str) -> SearchSpace:
    """Read a `[search]` table, its keys nested or dotted.

    Raises:
        RecipeError: An entry that is no range, or two of which one lies within the other.

    >>> space = read_space({"model": {"kernels": {"0": {"choice": [3, 5]}}}}, "mine.toml")
    >>> print(*space, *space.values())
    model.kernels.0 3 or 5
    """
    if not isinstance(table, Mapping):
        raise RecipeError(f"{origin}: search is a table, such as search.optim.learning_rate = {_EXAMPLE}")
    found = dict(_entries(table, "", origin))
    for key in found:
        within = next((other for other in found if other.startswith(f"{key}.")), None)
        if within is not None:
            raise RecipeError(f"{origin}: search.{within} is a part of search.{key}; search one of them")
    return found


def nested_space(space: SearchSpace) -> dict[str, Any]:
    """The inverse of `read_space`: plain values in nested tables, as TOML writes them."""
    table: dict[str, Any] = {}
    for key, one in space.items():
        *path, last = key.split(".")
        at = table
        for part in path:
            at = at.setdefault(part, {})
        at[last] = one.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return table


def _entries(table: Mapping[str, Any], prefix: str, origin: str) -> Iterator[tuple[str, Range]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, Range):
            yield key, value
        elif not isinstance(value, Mapping) or not value:
            raise RecipeError(f"{origin}: search.{key}: give {_EXAMPLE}, not {json.dumps(value, default=str)}")
        elif all(isinstance(item, Mapping) for item in value.values()):
            yield from _entries(value, f"{key}.", origin)
        else:
            yield key, _entry(key, value, origin)


def _entry(key: str, table: Mapping[str, Any], origin: str) -> Range:
    kind = next((kind for kind in _KINDS if kind in table), None)
    if kind is None:
        odd = str(next(iter(table)))
        raise RecipeError(f"{origin}: search.{key}: no key {odd!r}; {suggest(odd, _KINDS)} Give {_EXAMPLE}")
    known = [field.alias or name for name, field in _KINDS[kind].model_fields.items()]
    if strange := [name for name in table if name not in known]:
        raise RecipeError(f"{origin}: search.{key}: no key {strange[0]!r} beside {kind}; {suggest(strange[0], known)}")
    try:
        return _KINDS[kind].model_validate_json(json.dumps(table))
    except ValidationError as error:
        fault = error.errors()[0]
        where, said = fault["loc"], fault["msg"].removeprefix("Value error, ")
        if where and where[0] in _KINDS and fault["type"] != "value_error":
            takes = {
                "int": "two whole numbers, [low, high]",
                "float": "two numbers, [low, high]",
                "choice": "a list of plain values",
            }
            said = f"{kind} takes {takes[kind]}, not {json.dumps(table[kind])}"
        elif where and fault["type"] != "value_error":
            said = f"{where[0]}: {said[0].lower()}{said[1:]}, given {fault['input']!r}"
        raise RecipeError(f"{origin}: search.{key}: {said}") from None


def _check_bounds(bounds: tuple[float, float], kind: str) -> None:
    low, high = bounds
    if low > high:
        raise ValueError(f"{kind} = [low, high] has {low:g} before {high:g}; give the lower number first")
    if low == high:
        raise ValueError(f"{kind} = [low, high] holds {low:g} alone; a single value is set in the recipe itself")


def _meeting(low: int, high: int, step: int) -> str:
    """Upper ends that steps do meet."""
    below = high - (high - low) % step
    return f"take {below + step}" if below == low else f"take {below} or {below + step}"


def _in_words(bounds: tuple[float, float], step: float | None, log: bool) -> str:
    said = f"{bounds[0]:g} to {bounds[1]:g}"
    return f"{said}, by ratio" if log else said if step is None else f"{said} in steps of {step:g}"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
