"""The `Recipe`: everything that decides how a network is made and trained, as one frozen, typed object.

A recipe is read from TOML, changed by `--set key=value`, and written back as TOML that reads to the same object.
Unknown keys and ill-typed values are refused.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from chestnut.config.augment import AugmentConfig
from chestnut.config.classical import ClassicalConfig
from chestnut.config.ensemble import EnsembleConfig
from chestnut.config.faults import first_fault
from chestnut.config.inputs import InputSpec
from chestnut.config.model import CnnConfig, ModelConfig
from chestnut.config.part import Part
from chestnut.config.search_space import SearchSpace, nested_space, read_space
from chestnut.config.settings import assign, toml_value
from chestnut.config.training import DataConfig, LossConfig, OptimConfig, TrainConfig
from chestnut.errors import RecipeError, suggest


class Recipe(Part):
    """One way to make and train a network.

    >>> recipe = Recipe(name="mine", model=CnnConfig(filters=(8, 16)))
    >>> recipe.changed(["model.dropout=0.3"]).model.dropout
    0.3
    >>> Recipe.from_toml(recipe.to_toml()) == recipe
    True
    """

    name: str
    summary: str = ""
    source: str = Field("", description="where the network comes from")
    reported: str = Field("", description="the score that the source reports")
    seed: int = Field(0, ge=0, le=2**31 - 1)
    input: InputSpec = InputSpec()
    model: ModelConfig = Field(default_factory=CnnConfig)
    loss: LossConfig = LossConfig()
    optim: OptimConfig = OptimConfig()
    data: DataConfig = DataConfig()
    augment: AugmentConfig = AugmentConfig()
    train: TrainConfig = TrainConfig()
    # Not dumped with the rest: what a run is, and whether two are the same, does not depend on it.
    search: SearchSpace = Field(
        default={}, exclude=True, description="what `chestnut tune` may vary, by the field's name; all else ignores it"
    )

    @model_validator(mode="after")
    def _nothing_that_a_fit_ignores(self) -> Self:
        if isinstance(self.model, ClassicalConfig):
            for key, part in {"augment": AugmentConfig(), "loss": LossConfig()}.items():
                if getattr(self, key) != part:
                    raise ValueError(
                        f"[{key}] does not apply to {self.model.network}, which is fitted to the images as they are; "
                        "leave it out"
                    )
            if self.train.precision not in ("auto", "float32"):
                raise ValueError(f"train.precision of {self.model.network} is float32 or auto")
        return self

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], origin: str = "recipe") -> Recipe:
        """Validate plain values.

        Raises:
            RecipeError: An unknown key (near matches are listed) or an ill-typed or impossible value.
        """
        try:
            space = read_space(values.get("search", {}), origin)
            plain = {key: value for key, value in values.items() if key != "search"}
            return cls.model_validate_json(json.dumps(plain)).model_copy(update={"search": space})
        except ValidationError as error:
            raise RecipeError(f"{origin}: {first_fault(error, values, cls)}") from None
        except TypeError as error:  # TOML knows dates and times, JSON does not
            raise RecipeError(f"{origin}: {error}; a recipe holds text, numbers, true, false and lists") from None

    @classmethod
    def from_toml(cls, text: str, origin: str = "recipe") -> Recipe:
        """Read a recipe from TOML text; raises as `from_dict`."""
        try:
            return cls.from_dict(tomllib.loads(text), origin)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"{origin} is not valid TOML: {error}") from None

    def to_toml(self) -> str:
        """Write all fields, defaults included, as TOML; the table `search` only where it holds something."""
        import tomli_w

        search = {"search": nested_space(self.search)} if self.search else {}
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True) | search)

    def changed(self, settings: Iterable[str]) -> Recipe:
        """A copy with `key=value` settings applied, keys dotted and values in TOML.

        Raises:
            RecipeError: A setting without `=`, an unknown key or an ill-typed value.
        """
        pairs = []
        for setting in settings:
            key, equals, text = setting.partition("=")
            if not equals or not key.strip():
                raise RecipeError(f"--set {setting!r}: write key=value, such as optim.learning_rate=1e-4")
            pairs.append((key.strip(), toml_value(text.strip()), setting))
        return self._assigned(pairs) if pairs else self

    def with_values(self, values: Mapping[str, Any]) -> Recipe:
        """A copy with fields set by their dotted names; raises as `changed`."""
        return self._assigned([(key, value, f"{key}={value}") for key, value in values.items()])

    def without_search(self) -> Recipe:
        """A copy that says nothing of a search."""
        return self.model_copy(update={"search": {}})

    def _assigned(self, pairs: Iterable[tuple[str, Any, str]]) -> Recipe:
        """A copy with values set by dotted keys, each with the setting as it was given."""
        values = self.model_dump(mode="json", exclude_none=True)
        space: Any = dict(self.search)
        for key, value, setting in pairs:
            if key == "search":
                space = value
            elif key.startswith("search."):
                space = {**space, key.removeprefix("search."): value}
            else:
                if key == "model.network" and value != values["model"]["network"]:
                    values["model"] = {}  # the settings of one network mean nothing to another
                assign(values, key.split("."), value, setting)
        return Recipe.from_dict(values | {"search": space}, "--set")


def recipe_names() -> list[str]:
    """Names of the recipes that come with chestnut, sorted."""
    folder = resources.files("chestnut") / "recipes"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def recipe_text(name: str) -> str:
    """The TOML text of a recipe that comes with chestnut, comments included.

    Raises:
        RecipeError: There is none of that name.
    """
    if name not in recipe_names():
        raise RecipeError(f"no recipe {name!r}; {suggest(name, recipe_names())}; or give the path of a .toml file")
    return (resources.files("chestnut") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")


def recipe_parameters(name: str) -> int:
    """The number of parameters, for two classes, of a recipe that comes with chestnut, as its head says.

    >>> recipe_parameters("cnn-small")
    3300482
    """
    found = re.search(r"^# Parameters: ([\d,]+)", recipe_text(name), flags=re.M)
    if found is None:
        raise RecipeError(f"the head of the recipe {name} does not tell its parameters; reinstall chestnut")
    return int(found[1].replace(",", ""))


def load_recipe(recipe: str | Path | Recipe, settings: Iterable[str] = ()) -> Recipe:
    """Find a recipe by name or path and apply `--set` settings.

    Args:
        recipe: A name from `recipe_names()`, the path of a TOML file, or a recipe.
        settings: `key=value` texts.

    Raises:
        RecipeError: Not found, not valid, or that of an ensemble.
    """
    if not isinstance(recipe, Recipe):
        path = Path(recipe)
        if path.suffix == ".toml":
            if not path.is_file():
                raise RecipeError(f"no recipe file {path}; give a .toml file or one of {', '.join(recipe_names())}")
            try:
                recipe = Recipe.from_toml(path.read_text(encoding="utf-8"), str(path))
            except UnicodeDecodeError:
                raise RecipeError(f"{path} is not UTF-8 text; a recipe is a TOML file") from None
        else:
            recipe = Recipe.from_toml(recipe_text(str(recipe)), str(recipe))
    settings = list(settings)
    recipe = recipe.changed(settings) if settings else recipe
    if isinstance(recipe.model, EnsembleConfig):
        raise RecipeError(
            f"this is the recipe of an ensemble of {len(recipe.model.members)} runs, which is not trained; "
            "make one by chestnut ensemble RUN RUN…, or give the recipe of a member"
        )
    return recipe
