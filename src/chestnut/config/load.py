"""Find a recipe by its name or its file, and apply settings to it."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from chestnut.config.ensemble import EnsembleConfig
from chestnut.config.imported import ImportedConfig
from chestnut.config.model import BackboneConfig
from chestnut.config.recipe import Recipe
from chestnut.errors import RecipeError, suggest
from chestnut.names import quoted, require_name

#: The largest recipe file that is read; those of chestnut have about 2,000 bytes.
_MOST_BYTES = 1_000_000


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with chestnut, sorted."""
    folder = resources.files("chestnut") / "recipes"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def recipe_text(name: str) -> str:
    """Return the TOML text, with comments, of a recipe that comes with chestnut.

    Raises:
        RecipeError: No recipe has that name.
    """
    if name not in recipe_names():
        raise RecipeError(
            f"no recipe {quoted(name)}; {suggest(name, recipe_names())}; or give the path of a .toml file"
        )
    return (resources.files("chestnut") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")


def recipe_parameters(name: str) -> int:
    """Return the number of parameters, for two classes, that the head of a recipe of chestnut states.

    >>> recipe_parameters("cnn-small")
    3300482
    """
    found = re.search(r"^# Parameters: ([\d,]+)", recipe_text(name), flags=re.M)
    if found is None:
        raise RecipeError(f"the recipe {name} does not state its number of parameters; reinstall chestnut")
    return int(found[1].replace(",", ""))


def load_recipe(recipe: str | Path | Recipe, settings: Iterable[str] = ()) -> Recipe:
    """Find a recipe by name or path and apply settings to it.

    Args:
        recipe: A name from `recipe_names()`, the path of a TOML file, or a recipe.
        settings: `key=value` texts.

    Raises:
        RecipeError: The recipe is not found or not valid, its name is not a plain one, or it describes an ensemble,
            which cannot be trained.

    >>> load_recipe("mlp", ["model.dropout=0.3"]).model.dropout
    0.3
    """
    if not isinstance(recipe, Recipe):
        path = Path(recipe)
        if path.suffix == ".toml":
            recipe = Recipe.from_toml(_read_file(path), str(path))
        else:
            recipe = Recipe.from_toml(recipe_text(str(recipe)), str(recipe))
        recipe = _find_preset(recipe, path.parent)
    settings = list(settings)
    recipe = _find_preset(recipe.changed(settings) if settings else recipe, Path())
    require_name(recipe.name, "the recipe's name", RecipeError)
    if isinstance(recipe.model, EnsembleConfig):
        raise RecipeError(
            f"this recipe describes an ensemble of {len(recipe.model.members)} runs, which is not trained; "
            "make one with `chestnut ensemble RUN RUN…`, or give the recipe of a member"
        )
    if isinstance(recipe.model, ImportedConfig):
        raise RecipeError(
            f"this recipe describes the network of {quoted(recipe.model.file)}, which was trained elsewhere and is not "
            "trained here; take it over with `chestnut import`, or give another recipe"
        )
    return recipe


def _find_preset(recipe: Recipe, folder: Path) -> Recipe:
    """Return a recipe with the absolute path of its preset, if that is a folder below the one given."""
    model = recipe.model
    if not isinstance(model, BackboneConfig) or not model.preset or "://" in model.preset:
        return recipe
    place = folder / Path(model.preset).expanduser()
    if not place.is_dir():
        return recipe
    return recipe.model_copy(update={"model": model.model_copy(update={"preset": str(place.resolve())})})


def _read_file(path: Path) -> str:
    """Return the text of a recipe file, without the mark with which some editors begin a file."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for its writer
            raise RecipeError(f"{quoted(str(path))} is not a regular file; a recipe is a TOML file")
        if found.st_size > _MOST_BYTES:
            raise RecipeError(
                f"{path} has {found.st_size:,} bytes; a recipe is a TOML file of at most {_MOST_BYTES:,} bytes"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise RecipeError(f"{path} is not UTF-8 text; a recipe is a TOML file") from None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        known = ", ".join(recipe_names())
        raise RecipeError(f"no recipe file {quoted(str(path))}; give a .toml file or one of {known}") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RecipeError(f"cannot read the recipe {quoted(str(path))}: {reason}") from None
