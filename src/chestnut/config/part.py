"""The base class of every table in a recipe, and the types of numbers that the tables share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Filters = Annotated[int, Field(ge=1, le=4096)]
Side = Annotated[int, Field(ge=1, le=255)]
Units = Annotated[int, Field(ge=1, le=65_536)]


class Part(BaseModel):
    """A table of a recipe: frozen, strictly typed, refusing unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
