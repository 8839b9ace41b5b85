"""Read and write JSON files."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from chestnut.errors import DataError
from chestnut.files.atomic import write_text
from chestnut.files.reading import RESTORE, decode_text, read_content

#: The most digits of a whole number: all that chestnut writes fit into 64 bits.
_DIGITS = 19

_BEYOND_ASCII = re.compile("[^\x00-\x7f]")


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, completely or not at all; NaN and infinity become null.

    Raises:
        DiskError: The disk is full or not writable.
    """
    write_text(path, json_text(value))


def read_json(path: Path, kind: Any = Any, remedy: str = RESTORE) -> Any:
    """Read a JSON file; see `parse_json` for the arguments and errors."""
    return parse_json(read_content(path, remedy), path, kind, remedy)


def parse_json(content: bytes, path: Path, kind: Any = Any, remedy: str = RESTORE) -> Any:
    """Return the value in the content of a JSON file.

    Args:
        content: The content.
        path: The file, for the message of an error.
        kind: The type that the value must have, such as a dataclass, a pydantic model or `dict[str, int]`. The value
            itself stays as JSON has it.
        remedy: What to do about a damaged file: the end of the message.

    Raises:
        DataError: The content is not valid JSON, or the value has another type.

    >>> parse_json(b'{"a": 1}', Path("x.json"), dict[str, int])
    {'a': 1}
    >>> parse_json(b'{"a": "1"}', Path("x.json"), dict[str, int], "write it again")
    Traceback (most recent call last):
    chestnut.errors.DataError: x.json is damaged: a: input should be a valid integer; write it again
    """
    text = decode_text(content, path, remedy)
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_refuse)
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON ({error}); {remedy}") from error
    except RecursionError as error:
        raise DataError(f"{path} is damaged: it nests lists too deep; {remedy}") from error
    try:
        _adapter(kind).validate_json(content, strict=True)  # refuses values that are nested too deep, whatever the kind
    except ValidationError as error:
        raise DataError(f"{path} is damaged: {first_fault(error)}; {remedy}") from error
    return value


def first_fault(error: ValidationError) -> str:
    """Describe the first fault that pydantic found: where it is, and what should be there."""
    fault = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    text = fault["msg"].removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    return f"{field}: {text}" if field else text


def json_text(value: Any) -> str:
    """Return indented JSON that every reader accepts: NumPy scalars become numbers, NaN and infinity become null.

    >>> print(json_text({"auroc": float("nan")}))
    {
      "auroc": null
    }
    <BLANKLINE>
    """
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return encodable(text, "utf-8")


def encodable(text: str, encoding: str) -> str:
    r"""Return JSON in which the characters that an encoding lacks are escaped; it means the same.

    >>> print(encodable('["\u00e9"]', "ascii"))
    ["\u00e9"]
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return _BEYOND_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)
    return text


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a whole number of {len(text):,} digits; at most {_DIGITS} are read")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is not a number that JSON knows")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value
