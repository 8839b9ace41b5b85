"""Build the variants of a comparison from recipes, settings for all or one of them, and a grid of values."""

from __future__ import annotations

import itertools
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chestnut.config import Recipe, load_recipe
from chestnut.errors import RecipeError, listed, suggest
from chestnut.names import require_name

#: The greatest length of a name, to which the runs add their seeds.
_MOST_CHARACTERS = 80

#: The most variants of a comparison, each of which is trained.
_MOST_VARIANTS = 1000

#: Fields that must be the same for all variants, and how to set them.
_SHARED = {
    "train.epochs": "give epochs=N instead",
    "seed": "give seed=N instead, and repeats=N for several",
    "data.fractions": "give it as a setting, which all share",
    "data.positive": "give it as a setting, which all share",
    "name": "it names the run",
}


@dataclass(frozen=True)
class Variant:
    """One of the ways to train that a comparison compares.

    Attributes:
        name: The name of its recipe with the values of the grid, usable as the name of a folder.
        recipe: The recipe with all settings applied.
    """

    name: str
    recipe: Recipe


def make_variants(
    recipes: Sequence[str | Path | Recipe], settings: Sequence[str] = (), grid: Sequence[str] = ()
) -> tuple[Variant, ...]:
    """Apply settings to recipes, and make one variant of each for every combination of a grid's values.

    Args:
        recipes: Names, paths of TOML files, or recipes.
        settings: `key=value` for all recipes, or `recipe:key=value` for one, which has priority.
        grid: `key=value,value,…` for each field of the grid.

    Raises:
        RecipeError: A recipe, key or value does not validate, two variants have the same name, or there are fewer than
            two variants.

    >>> [variant.name for variant in make_variants(["mlp"], grid=["optim.learning_rate=1e-3,1e-4"])]
    ['mlp-learning_rate=1e-3', 'mlp-learning_rate=1e-4']
    """
    loaded = [load_recipe(recipe) for recipe in recipes]
    given = [_read_setting(setting, [recipe.name for recipe in loaded]) for setting in settings]
    axes = [_read_axis(text) for text in grid]
    total = len(loaded) * math.prod(len(values) for _, values in axes)
    if total > _MOST_VARIANTS:
        raise RecipeError(f"{total:,} variants to compare; give recipes and grids that make at most {_MOST_VARIANTS:,}")
    tails = [key.rpartition(".")[2] for key, _ in axes]
    labels = [key if tails.count(tail) > 1 else tail for (key, _), tail in zip(axes, tails, strict=True)]
    variants = []
    for recipe in loaded:
        own = [text for name, text in given if not name] + [text for name, text in given if name == recipe.name]
        base = _change(recipe, own, "settings")
        for values in itertools.product(*(values for _, values in axes)):
            chosen = [f"{key}={value}" for (key, _), value in zip(axes, values, strict=True)]
            suffix = [f"{label}={value}" for label, value in zip(labels, values, strict=True)]
            name = re.sub(r"[^\w.=+-]+", "-", re.sub(r"[\s\[\]'\"]", "", "-".join([recipe.name, *suffix])))
            variants.append(Variant(_shorten(name.strip("-.")), _change(base, chosen, "grid")))
    _check_names([variant.name for variant in variants])
    return tuple(variants)


def _shorten(name: str) -> str:
    """Return a name of usable length: the end of a very long one is replaced by its checksum."""
    if len(name) <= _MOST_CHARACTERS:
        return name
    return f"{name[: _MOST_CHARACTERS - 9].rstrip('-.')}-{zlib.crc32(name.encode()):08x}"


def _check_names(names: list[str]) -> None:
    """Check that there are two variants or more, all with different names that can name the folders of their runs."""
    for name in names:
        require_name(name, "the variant's name", RecipeError)
    if len(names) < 2:
        raise RecipeError(
            f"{len(names)} variant{'' if len(names) == 1 else 's'} to compare; give two recipes or more, "
            "or a grid of values"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecipeError(f"{listed(twice)} more than once; give each recipe a name of its own and each value once")


def _read_setting(setting: str, names: list[str]) -> tuple[str, str]:
    """Return the recipe that a setting is for (empty for all) and the setting."""
    name, colon, key = setting.partition("=")[0].rpartition(":")
    if key.strip() in ("seed", "name"):
        raise RecipeError(f"setting {setting!r}: all variants share {key.strip()}; {_SHARED[key.strip()]}")
    if colon and name not in names:
        raise RecipeError(f"setting {setting!r}: no recipe {name!r} is compared; {suggest(name, names)}")
    return name, setting[len(name) + len(colon) :]


def _read_axis(text: str) -> tuple[str, list[str]]:
    """Return the key and the values of a grid; commas within brackets and quotes do not separate values."""
    key, equals, values = text.partition("=")
    key = key.strip()
    found = [value.strip() for value in re.findall(r"""((?:\[[^\]]*\]|"[^"]*"|'[^']*'|[^,])+)""", values)]
    if not equals or not key or not found or not all(found):
        raise RecipeError(f"grid {text!r}: write KEY=VALUE,VALUE, such as optim.learning_rate=1e-2,1e-3")
    if key in _SHARED:
        raise RecipeError(f"grid {text!r}: all variants share {key}; {_SHARED[key]}")
    return key, found


def _change(recipe: Recipe, settings: list[str], argument: str) -> Recipe:
    """Return the recipe with settings; errors name the recipe and the argument that contained them."""
    try:
        return recipe.changed(settings) if settings else recipe
    except RecipeError as error:
        hint = "; RECIPE:KEY=VALUE is for one recipe" if argument == "settings" else ""
        raise RecipeError(f"{argument} for {recipe.name}: {error}{hint}") from None
