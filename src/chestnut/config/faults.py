"""Turn what pydantic finds wrong with a recipe into one line that a user can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from chestnut.config.key_names import suggest_key
from chestnut.errors import suggest
from chestnut.names import cut, quoted


def first_fault(error: ValidationError, values: Mapping[str, Any], recipe: type[BaseModel]) -> str:
    """Describe the first fault in one line; an unknown key comes before all others, since it often causes them.

    Args:
        error: The error that pydantic raised.
        values: The values that were validated.
        recipe: The class that refused them.
    """
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    # Pydantic puts the tag of the union's branch after "model"; it is not a key
    place = [part for at, part in enumerate(fault["loc"]) if at == 0 or fault["loc"][at - 1] != "model"]
    where = ".".join(str(part) for part in place if not (isinstance(part, str) and _is_branch(part)))
    if fault["type"] == "extra_forbidden":
        key = _whole_key(where, fault["input"])
        return f"no key {quoted(key)}; {suggest_key(key, recipe, values)}"
    if fault["type"] == "union_tag_invalid":
        known = [name.strip(" '") for name in fault["ctx"]["expected_tags"].split(",")]
        return f"no network {quoted(fault['ctx']['tag'])}; {suggest(str(fault['ctx']['tag']), known)}"
    message = fault["msg"].removeprefix("Value error, ")
    given = "" if fault["type"] in ("missing", "value_error") else f", given {quoted(fault['input'])}"
    return f"{cut(where) or 'recipe'}: {message[0].lower()}{message[1:]}{given}"


def _is_branch(part: str) -> bool:
    """Tell whether this part of a location is not a key but pydantic's name for one branch of a union."""
    return part.startswith(("tuple[", "constrained-", "literal[", "function-")) or part in (
        "int",
        "float",
        "str",
        "none",
    )


def _whole_key(where: str, given: Any) -> str:
    """Return an unknown key with the keys that the user wrote below it, as long as there is only one."""
    while isinstance(given, dict) and len(given) == 1:
        ((key, given),) = given.items()
        where = f"{where}.{key}"
    return where
