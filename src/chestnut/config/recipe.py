"""The `Recipe`: everything that decides how a network is built and trained, as one frozen, typed object.

A recipe is read from TOML, changed by `key=value` settings, and written as TOML that reads back to an equal object.
Unknown keys and values of the wrong type are errors.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from chestnut.config.augment import AugmentConfig
from chestnut.config.classical import ClassicalConfig
from chestnut.config.faults import first_fault
from chestnut.config.inputs import InputSpec
from chestnut.config.model import CnnConfig, ModelConfig, split_preset
from chestnut.config.network_size import check_size
from chestnut.config.part import Part
from chestnut.config.search_space import SearchSpace, nested_space, read_space
from chestnut.config.settings import assign
from chestnut.config.toml_text import check_values, read_toml, read_value
from chestnut.config.training import DataConfig, LossConfig, OptimConfig, TrainConfig
from chestnut.errors import RecipeError
from chestnut.names import quoted


class Recipe(Part):
    """One way to build and train a network.

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
    # Excluded from dumps: a run, and whether two runs are equal, does not depend on the search space.
    search: SearchSpace = Field(
        default={}, exclude=True, description="the fields that `chestnut tune` may vary; other commands ignore it"
    )

    @model_validator(mode="after")
    def _refuse_unused_tables(self) -> Self:
        if isinstance(self.model, ClassicalConfig):
            for key, part in {"augment": AugmentConfig(), "loss": LossConfig()}.items():
                if getattr(self, key) != part:
                    raise ValueError(
                        f"[{key}] does not apply to {self.model.network}, which is fitted to unchanged images; "
                        "leave it out"
                    )
            if self.train.precision not in ("auto", "float32"):
                raise ValueError(f"train.precision must be float32 or auto for {self.model.network}")
        return self

    @model_validator(mode="after")
    def _refuse_unused_reframing(self) -> Self:
        if self.augment.reframe and self.input.needs_lungs:
            raise ValueError(
                f"augment.reframe={self.augment.reframe:g} places the lungs anew within whole images, and input.frame, "
                "outside or inside shows only a part of them; give augment.reframe=0, or the whole image as input"
            )
        return self

    @model_validator(mode="after")
    def _refuse_huge_networks(self) -> Self:
        check_size(self.model, self.input)
        return self

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], origin: str = "recipe") -> Recipe:
        """Build a recipe from plain values.

        Args:
            values: Nested tables, as TOML or JSON gives them.
            origin: The source of the values, with which error messages begin; empty to begin with the fault.

        Raises:
            RecipeError: An unknown key (the message lists similar ones), or a value of the wrong type or range.
        """
        prefix = f"{origin}: " if origin else ""
        check_values(values, origin)
        try:
            space = read_space(values.get("search", {}), origin)
            plain = {key: value for key, value in values.items() if key != "search"}
            if "model" in plain:
                plain["model"] = split_preset(plain["model"])
            return cls.model_validate_json(json.dumps(plain)).model_copy(update={"search": space})
        except ValidationError as error:
            raise RecipeError(f"{prefix}{first_fault(error, values, cls)}") from None
        except TypeError as error:  # TOML has dates and times, JSON does not
            raise RecipeError(f"{prefix}{error}; give text, a number, true, false or a list") from None

    @classmethod
    def from_toml(cls, text: str, origin: str = "recipe") -> Recipe:
        """Read a recipe from TOML text; raises the same errors as `from_dict`."""
        return cls.from_dict(read_toml(text, origin), origin)

    def to_toml(self) -> str:
        """Return all fields, including defaults, as TOML text; an empty search space is left out."""
        import tomli_w

        search = {"search": nested_space(self.search)} if self.search else {}
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True) | search)

    def changed(self, settings: Iterable[str]) -> Recipe:
        """Return a copy with settings applied.

        Args:
            settings: `key=value` texts with dotted keys and TOML values, such as `model.dropout=0.3`.

        Raises:
            RecipeError: A setting without `=`, an unknown key, or a value of the wrong type or range.
        """
        pairs = []
        for setting in settings:
            key, equals, text = setting.partition("=")
            if not equals or not key.strip():
                raise RecipeError(f"setting {quoted(setting)}: write key=value, such as optim.learning_rate=1e-4")
            pairs.append((key.strip(), read_value(text.strip(), setting), setting))
        return self._assign_values(pairs) if pairs else self

    def with_values(self, values: Mapping[str, Any]) -> Recipe:
        """Return a copy with fields set by their dotted names; raises the same errors as `changed`."""
        return self._assign_values([(key, value, f"{key}={value}") for key, value in values.items()])

    def without_search(self) -> Recipe:
        """Return a copy without a search space."""
        return self.model_copy(update={"search": {}})

    def _assign_values(self, pairs: Iterable[tuple[str, Any, str]]) -> Recipe:
        """Return a copy with values set; each item is (dotted key, value, the setting as the user gave it)."""
        values = self.model_dump(mode="json", exclude_none=True)
        space: Any = dict(self.search)
        for key, value, setting in pairs:
            if key == "search":
                space = value
            elif key.startswith("search."):
                space = {**space, key.removeprefix("search."): value}
            else:
                if key == "model.network" and value != values["model"]["network"]:
                    values["model"] = {}  # settings of one network do not apply to another
                assign(values, key.split("."), value, setting)
        return Recipe.from_dict(values | {"search": space}, origin="")
