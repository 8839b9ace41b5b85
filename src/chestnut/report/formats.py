"""Find a format of files by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from chestnut.errors import DataError, suggest

Format = TypeVar("Format", bound=str)


def find_format(name: str, formats: Sequence[Format], what: str) -> Format:
    """Return the format of a name.

    Args:
        name: The name.
        formats: The formats that there are.
        what: What is written in them, for the message.

    Raises:
        DataError: There is none of that name.
    """
    found = next((one for one in formats if one == name), None)
    if found is None:
        raise DataError(f"format={name}: there is no such format of {what}; {suggest(name, formats)}")
    return found
