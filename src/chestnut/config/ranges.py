"""The ranges of values that a search may draw from: whole numbers, numbers, and choices."""

from __future__ import annotations

import json
import math
from typing import Any, Self

from pydantic import Field, model_validator

from chestnut.config.part import Part, Positive

Value = bool | int | float | str | tuple[Any, ...]


class IntRange(Part):
    """Whole numbers from low to high, both included.

    >>> IntRange(int=(32, 128), step=16).size
    7
    """

    bounds: tuple[int, int] = Field(alias="int", description="low and high")
    step: int = Field(1, ge=1, description="distance from one number to the next")
    log: bool = Field(False, description="draw evenly by ratio instead of by difference")

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        _check_bounds(self.bounds, "int")
        if self.log and (self.bounds[0] < 1 or self.step != 1):
            raise ValueError("log needs whole numbers of 1 or more, and no step")
        if (self.bounds[1] - self.bounds[0]) % self.step:
            low, high = self.bounds
            raise ValueError(f"steps of {self.step} from {low} miss {high}; {_suggest_ends(low, high, self.step)}")
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values to try a recipe with: if it accepts these, it accepts the whole range."""
        return self.bounds

    @property
    def size(self) -> float:
        """The number of values in the range."""
        return (self.bounds[1] - self.bounds[0]) // self.step + 1

    def at(self, place: int) -> Value:
        """Return the value at an index from 0."""
        return self.bounds[0] + place * self.step

    def __str__(self) -> str:
        return _describe_range(self.bounds, self.step if self.step > 1 else None, self.log)


class FloatRange(Part):
    """Real numbers from low to high, both included."""

    bounds: tuple[float, float] = Field(alias="float", description="low and high")
    step: Positive | None = Field(None, description="distance from one number to the next; without it, every number")
    log: bool = Field(False, description="draw evenly by ratio instead of by difference")

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        _check_bounds(self.bounds, "float")
        if self.log and (self.bounds[0] <= 0 or self.step is not None):
            raise ValueError("log needs numbers above 0, and no step")
        if self.step is not None:
            low, high = self.bounds
            steps = (high - low) / self.step
            if not math.isfinite(steps) or round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
                raise ValueError(
                    f"steps of {self.step:g} from {low:g} miss {high:g}; give a step that divides the range"
                )
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values to try a recipe with: if it accepts these, it accepts the whole range."""
        return self.bounds

    @property
    def size(self) -> float:
        """The number of values in the range."""
        return math.inf if self.step is None else round((self.bounds[1] - self.bounds[0]) / self.step) + 1

    def at(self, place: int) -> Value:
        """Return the value at an index from 0; the range must have a step."""
        return self.bounds[0] + place * (self.step or 0.0)

    def __str__(self) -> str:
        return _describe_range(self.bounds, self.step, self.log)


class Choice(Part):
    """Two or more values of any kind, without an order."""

    choice: tuple[bool | int | float | str | tuple[Any, ...], ...] = Field(description="the values, at least 2")

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if len(self.choice) < 2:
            raise ValueError("choice needs 2 values or more; set a single value in the recipe itself")
        for at, value in enumerate(self.choice):
            if value in self.choice[:at]:
                raise ValueError(f"choice gives {_format_value(value)} more than once; give each value once")
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values to try a recipe with: if it accepts these, it accepts the whole range."""
        return self.choice

    @property
    def size(self) -> float:
        """The number of values in the range."""
        return len(self.choice)

    def at(self, place: int) -> Value:
        """Return the value at an index from 0."""
        return self.choice[place]

    def __str__(self) -> str:
        *some, last = [_format_value(value) for value in self.choice]
        return f"{', '.join(some)} or {last}"


Range = IntRange | FloatRange | Choice


def _check_bounds(bounds: tuple[float, float], kind: str) -> None:
    low, high = bounds
    if low > high:
        raise ValueError(f"{kind} = [low, high] has {low:g} before {high:g}; give the lower number first")
    if low == high:
        raise ValueError(f"{kind} = [low, high] contains {low:g} only; set a single value in the recipe itself")


def _suggest_ends(low: int, high: int, step: int) -> str:
    """Suggest upper ends that a whole number of steps reaches."""
    below = high - (high - low) % step
    return f"take {below + step}" if below == low else f"take {below} or {below + step}"


def _describe_range(bounds: tuple[float, float], step: float | None, log: bool) -> str:
    words = f"{bounds[0]:g} to {bounds[1]:g}"
    return f"{words}, by ratio" if log else words if step is None else f"{words} in steps of {step:g}"


def _format_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
