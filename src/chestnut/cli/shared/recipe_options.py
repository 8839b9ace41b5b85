"""The options by which commands change a recipe, with short forms for the fields that are changed most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from chestnut.cli.shared.option_groups import with_group


def complete_recipe(incomplete: str) -> list[str]:
    """Return the names of recipes that begin with what was typed, for the shell to complete.

    >>> complete_recipe("cnn-s")
    ['cnn-search', 'cnn-small']
    """
    from chestnut.config import recipe_names

    return [name for name in recipe_names() if name.startswith(incomplete)]


RecipeOption = Annotated[
    str | None,
    typer.Option(
        "--recipe", autocompletion=complete_recipe, help="A recipe's name or TOML file; by default cnn-small."
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a recipe field, such as model.dropout=0.3. Repeatable."),
]
BatchSizeOption = Annotated[
    int | None, typer.Option("--batch-size", help="Short for --set train.batch_size=N.", show_default=False)
]
LearningRateOption = Annotated[
    float | None, typer.Option("--learning-rate", help="Short for --set optim.learning_rate=RATE.", show_default=False)
]


@dataclass(frozen=True)
class ShortForms:
    """The short forms that a command was given.

    Attributes:
        batch_size: The images of a batch; None to keep the recipe's.
        learning_rate: The learning rate; None to keep the recipe's.
    """

    batch_size: int | None = None
    learning_rate: float | None = None

    def settings(self, given: list[str] | None = None, **more: Any) -> list[str]:
        """Return all changes of the recipe as `key=value` texts.

        Args:
            given: Those of `--set`, which come first.
            more: Other fields by name, with `__` for a dot; None is left out.

        >>> ShortForms(batch_size=16).settings(["seed=1"], train__epochs=3)
        ['seed=1', 'train.batch_size=16', 'train.epochs=3']
        """
        fields = {"train.batch_size": self.batch_size, "optim.learning_rate": self.learning_rate}
        fields |= {name.replace("__", "."): value for name, value in more.items()}
        return [*(given or []), *(f"{name}={value}" for name, value in fields.items() if value is not None)]


#: Give a command `--batch-size` and `--learning-rate`; it takes them as one `short: ShortForms`.
with_short_forms = with_group("short", ShortForms, {"batch_size": BatchSizeOption, "learning_rate": LearningRateOption})
