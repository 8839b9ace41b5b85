"""Check the space of a search: which fields can be searched, and whether the recipe accepts their values."""

from __future__ import annotations

from typing import Any

from chestnut.config import Recipe
from chestnut.errors import RecipeError

#: Fields, or tables of fields, that cannot be searched, and why.
_FIXED = {
    "name": "it names the run",
    "summary": "it changes no run",
    "source": "it changes no run",
    "reported": "it changes no run",
    "seed": "luck is not a setting; executions=N trains every trial with N seeds",
    "data.fractions": "all trials share one split",
    "data.positive": "all trials have the same positive class",
    "train.epochs": "all trials have the same maximum, which epochs=N sets; each run keeps its best epoch",
    "train.stop.metric": "the objective decides which epoch is kept",
    "model.network": "networks differ in their other fields; chestnut compare compares recipes",
}

_EXAMPLE = "search.optim.learning_rate={float=[1e-4,1e-2],log=true}"


def check_space(recipe: Recipe) -> None:
    """Check that a recipe accepts both ends of every range in its space, and every choice.

    Raises:
        RecipeError: There is no space, it has a field that cannot be searched, or a value does not validate.

    >>> check_space(Recipe(name="mine").changed(["search.model.dropout={float=[0, 0.5]}"]))
    >>> check_space(Recipe(name="mine").changed(["search.seed={int=[1, 3]}"]))
    Traceback (most recent call last):
    chestnut.errors.RecipeError: search.seed: no search varies seed: luck is not a setting; executions=N trains every\
 trial with N seeds
    """
    if not recipe.search:
        raise RecipeError(
            f"{recipe.name} has no [search] table, so there is nothing to search; add one, or give {_EXAMPLE}; "
            "the recipe cnn-search brings one"
        )
    for key, one in recipe.search.items():
        for fixed, why in _FIXED.items():
            if key == fixed or key.startswith(f"{fixed}."):
                raise RecipeError(f"search.{key}: no search varies {fixed}: {why}")
        for value in one.ends:
            _try_value(recipe, key, value)


def _try_value(recipe: Recipe, key: str, value: Any) -> None:
    try:
        recipe.without_search().with_values({key: value})
    except RecipeError as error:
        reason = str(error).removeprefix(f"{key}={value}").lstrip(": ")
        raise RecipeError(f"search.{key}: {recipe.name} does not take {value}: {reason}") from None
