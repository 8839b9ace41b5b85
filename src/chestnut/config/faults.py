"""Turn what pydantic finds wrong with a recipe into one line that a user can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from chestnut.errors import suggest


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
        return f"no key {where!r}; {suggest(str(place[-1]), _keys_beside(place[:-1], values, recipe))}"
    if fault["type"] == "union_tag_invalid":
        known = [name.strip(" '") for name in fault["ctx"]["expected_tags"].split(",")]
        return f"no network {fault['ctx']['tag']!r}; {suggest(str(fault['ctx']['tag']), known)}"
    said = fault["msg"].removeprefix("Value error, ")
    given = "" if fault["type"] in ("missing", "value_error") else f", given {fault['input']!r}"
    return f"{where or 'recipe'}: {said[0].lower()}{said[1:]}{given}"


def _is_branch(part: str) -> bool:
    """Tell whether this part of a location is not a key but pydantic's name for one branch of a union."""
    return part.startswith(("tuple[", "constrained-", "literal[", "function-")) or part in (
        "int",
        "float",
        "str",
        "none",
    )


def _keys_beside(place: list[Any], values: Mapping[str, Any], recipe: type[BaseModel]) -> list[str]:
    """Return the keys of the table at a place."""
    part = recipe
    for key in place:
        annotation = part.model_fields[str(key)].annotation
        part = _branch(annotation, values[str(key)]) if get_args(annotation) else annotation  # type: ignore[assignment]
    return list(part.model_fields)


def _branch(union: Any, table: Mapping[str, Any]) -> type[BaseModel]:
    """Return the class of a union that a table's `network` names, or the first class if it names none."""
    classes: tuple[type[BaseModel], ...] = get_args(union)
    named = table.get("network")
    return next((one for one in classes if named in get_args(one.model_fields["network"].annotation)), classes[0])
