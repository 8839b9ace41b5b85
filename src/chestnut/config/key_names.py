"""Find the key of a recipe that a user meant by a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel


def suggest_key(wrong: str, recipe: type[BaseModel], values: Mapping[str, Any]) -> str:
    """Say which key may have been meant, with the path that leads to it; otherwise name the keys beside it.

    Args:
        wrong: The dotted key that does not exist.
        recipe: The class of recipes.
        values: The recipe's values; `model.network` in them decides which keys `model` has.

    >>> from chestnut.config import Recipe
    >>> suggest_key("epochs", Recipe, {})
    'did you mean train.epochs?'
    >>> suggest_key("lr", Recipe, {})
    'did you mean optim.learning_rate?'
    >>> suggest_key("train.epoch.0", Recipe, {})  # a place in a list, as a search space names it
    'did you mean train.epochs?'
    """
    while wrong.rpartition(".")[2].isdecimal():
        wrong = wrong.rpartition(".")[0]
    paths = list(_paths(recipe, values))
    near = _nearest(wrong, paths)
    if near:
        return f"did you mean {' or '.join(near)}?"
    table = wrong.rpartition(".")[0]
    beside = [path for path in paths if path.rpartition(".")[0] == table]
    return f"known: {', '.join(beside or [path for path in paths if '.' not in path])}"


def _nearest(wrong: str, paths: list[str], most: int = 3) -> list[str]:
    """Return the paths that a wrong key comes nearest to: by its last name, the name's initials, spelling or a word."""
    table, _, last = wrong.replace("-", "_").lower().rpartition(".")
    names = {path: path.rpartition(".")[2] for path in paths}
    spelled = difflib.get_close_matches(last, names.values(), n=1, cutoff=0.7)
    near = (
        [path for path in paths if names[path] == last]
        or [path for path in paths if "_" in names[path] and _initials(names[path]) == last]
        or [path for path in paths if names[path] in spelled]
        or [path for path in paths if last in names[path].split("_")]
    )
    tables = {path: path.rpartition(".")[0] for path in near}
    meant = difflib.get_close_matches(table, tables.values(), n=1, cutoff=0.6)
    in_table = [path for path in near if tables[path] in meant or tables[path].endswith(f".{table}")]
    return (in_table or near)[:most]


def _initials(name: str) -> str:
    return "".join(word[:1] for word in name.split("_"))


def _paths(part: type[BaseModel], values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of all fields, tables included."""
    for name, field in part.model_fields.items():
        yield f"{prefix}{name}"
        inner = values.get(name)
        table = _table_class(field.annotation, inner if isinstance(inner, Mapping) else {})
        if table is not None:
            yield from _paths(table, inner if isinstance(inner, Mapping) else {}, f"{prefix}{name}.")


def _table_class(annotation: Any, values: Mapping[str, Any]) -> type[BaseModel] | None:
    """Return the class of a field that is a table; of several, the one that `network` in its values names.

    Args:
        annotation: The type of the field.
        values: The values of the table; where they name no network, the first class is returned.

    Returns:
        The class; None for a field that is not a table.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    tables = [one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
    if not tables:
        return None
    named = [
        one
        for one in tables
        if "network" in one.model_fields and values.get("network") in get_args(one.model_fields["network"].annotation)
    ]
    return (named or tables)[0]
