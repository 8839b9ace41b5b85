"""Read TOML whose values a recipe can hold: numbers of 64 bits, and tables and lists that are not nested deeply."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from chestnut.errors import RecipeError
from chestnut.names import quoted

#: The deepest nesting of tables and lists; recipes of chestnut have 4 levels.
_DEEPEST = 20
#: The numbers that TOML knows.
_LEAST, _MOST = -(2**63), 2**63 - 1


def read_toml(text: str, origin: str) -> dict[str, Any]:
    """Read a TOML text.

    Args:
        text: The text.
        origin: Where it comes from, with which error messages begin.

    Raises:
        RecipeError: It is not TOML, or `check_values` refuses its values.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{origin} is not valid TOML: {error}") from None
    except ValueError:  # Python reads no number of so many digits
        raise RecipeError(f"{origin}: {_TOO_LARGE}") from None
    except RecursionError:
        raise RecipeError(f"{origin}: {_TOO_DEEP}") from None
    check_values(values, origin)
    return values


def read_value(text: str, setting: str) -> Any:
    """Read one value as TOML; anything that is not TOML is text, so that names need no quotes.

    Args:
        text: The value.
        setting: What it belongs to, with which error messages begin.

    Raises:
        RecipeError: A number is too large, or lists are nested too deeply.

    >>> read_value("[16, 32]", "model.filters"), read_value("adam", "optim.name")
    ([16, 32], 'adam')
    """
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except ValueError:
        raise RecipeError(f"setting {quoted(setting)}: {_TOO_LARGE}") from None
    except RecursionError:
        raise RecipeError(f"setting {quoted(setting)}: {_TOO_DEEP}") from None
    if len(values) > 1:  # a text of several lines
        return text
    check_values(values, f"setting {quoted(setting)}")
    return values["value"]


def check_values(values: Mapping[str, Any], origin: str) -> None:
    """Check that plain values can be written and validated.

    Args:
        values: Nested tables and lists.
        origin: Where they come from, with which error messages begin; empty to begin with the fault.

    Raises:
        RecipeError: A whole number has more than 64 bits, or tables and lists are nested too deeply.
    """
    prefix = f"{origin}: " if origin else ""
    level: list[Any] = [values]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for part in level:
            inner += part.values() if isinstance(part, Mapping) else part
        if any(isinstance(item, int) and not _LEAST <= item <= _MOST for item in inner):
            raise RecipeError(f"{prefix}{_TOO_LARGE}")
        level = [item for item in inner if isinstance(item, Mapping | list | tuple)]
        if not level:
            return
    raise RecipeError(f"{prefix}{_TOO_DEEP}")


_TOO_LARGE = f"a whole number is too large; give at most {_MOST:,}"
_TOO_DEEP = f"tables and lists are nested too deeply; use at most {_DEEPEST} levels"
