"""`chestnut recipes`: the recipes there are, or one of them as TOML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.shared.output import JsonOption, WideOption, emit, out, print_next, table

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("recipe", "parameters", "input", "what it is", "source", "reported")
_DROPPABLE = ("source", "reported", "input")


def command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Print this recipe as TOML.")] = None,
    wide: WideOption = False,
    json: JsonOption = None,
) -> None:
    """List the recipes with their parameters, input size, source and reported score, or print one."""
    from chestnut.config import Recipe, recipe_text

    if name is not None:
        text = recipe_text(name)
        if emit({"name": name, "toml": text, "recipe": Recipe.from_toml(text, name).model_dump(mode="json")}, json):
            out.print(text, end="", markup=False, soft_wrap=True)
        return
    listing = list_recipes()
    if emit({"recipes": listing}, json):
        out.print(recipes_table(listing))
        print_next("chestnut", "recipes", "cnn-small", "--layers")


def list_recipes() -> list[dict[str, Any]]:
    """Return what the listing says of each recipe that comes with chestnut."""
    from chestnut.config import load_recipe, recipe_names

    return [_describe(load_recipe(name)) for name in recipe_names()]


def recipes_table(listing: list[dict[str, Any]]) -> Table:
    """Return the table of recipes; parameters are counted for two classes."""
    made = table(columns=_COLUMNS, numbers=("parameters",), droppable=_DROPPABLE)
    for row in listing:
        size = f"{row['height']}×{row['width']}×{row['channels']}"
        made.add_row(
            f"[bold]{row['name']}[/]", f"{row['parameters']:,}", size, row["summary"], row["source"], row["reported"]
        )
    return made


def _describe(recipe: Any) -> dict[str, Any]:
    """One recipe in the listing; the parameters are counted for two classes."""
    from chestnut.config import recipe_parameters

    return {
        "name": recipe.name,
        "summary": recipe.summary,
        "parameters": recipe_parameters(recipe.name),
        **recipe.input.model_dump(),
        "source": recipe.source,
        "reported": recipe.reported,
    }
