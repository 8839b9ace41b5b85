"""`chestnut recipes`: list the recipes, print one as TOML, or show the layers of its network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from chestnut.cli.shared.output import JsonOption, WideOption, emit, out, print_next
from chestnut.cli.shared.recipe_options import complete_recipe
from chestnut.cli.shared.tables import table
from chestnut.errors import RecipeError

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.config import Recipe

_COLUMNS = ("recipe", "parameters", "input", "what it is", "source", "reported")
_DROPPABLE = ("source", "reported", "input")
_LAYER_COLUMNS = ("layer", "kind", "output", "parameters", "trained")


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            autocompletion=complete_recipe,
            help="Print this recipe as TOML; with --layers, also the path of a TOML file.",
        ),
    ] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Show the layers of NAME's network with their parameters.")
    ] = False,
    wide: WideOption = False,
    json: JsonOption = None,
) -> None:
    """List the recipes with their parameters, input size, source and reported score, or show one."""
    if name is None:
        if layers:
            raise RecipeError("--layers shows one network; give the recipe's name, as in chestnut recipes mlp --layers")
        listing = list_recipes()
        if emit({"recipes": listing}, json):
            out.print(recipes_table(listing))
            print_next("chestnut", "recipes", "cnn-small", "--layers")
    elif layers:
        _show_layers(name, json)
    else:
        _print_toml(name, json)


def list_recipes() -> list[dict[str, Any]]:
    """Return what the listing says of each recipe that comes with chestnut."""
    from chestnut.config import load_recipe, recipe_names

    return [_describe(load_recipe(name)) for name in recipe_names()]


def _describe(recipe: Recipe) -> dict[str, Any]:
    """Return one recipe of the listing; the parameters are counted for two classes."""
    from chestnut.config import recipe_parameters

    return {
        "name": recipe.name,
        "summary": recipe.summary,
        "parameters": recipe_parameters(recipe.name),
        **recipe.input.model_dump(),
        "source": recipe.source,
        "reported": recipe.reported,
    }


def recipes_table(listing: list[dict[str, Any]]) -> Table:
    """Return the table of recipes; parameters are counted for two classes."""
    made = table(columns=_COLUMNS, numbers=("parameters",), droppable=_DROPPABLE)
    for row in listing:
        size = f"{row['height']}×{row['width']}×{row['channels']}"
        name, parameters = Text(row["name"], "bold"), f"{row['parameters']:,}"
        made.add_row(name, parameters, size, row["summary"], row["source"], row["reported"])
    return made


def _print_toml(name: str, json: Path | None) -> None:
    from chestnut.config import Recipe, recipe_text

    text = recipe_text(name)
    if emit({"name": name, "toml": text, "recipe": Recipe.from_toml(text, name).model_dump(mode="json")}, json):
        out.print(text, end="", markup=False, soft_wrap=True)
        print_next("chestnut", "recipes", name, "--layers")


def _show_layers(name: str, json: Path | None) -> None:
    """Show the network that a recipe makes for two classes; its weights are random and nothing is downloaded."""
    from chestnut.api.recipes import layers
    from chestnut.config import load_recipe

    recipe = load_recipe(name)
    rows: list[dict[str, Any]] = layers(recipe).to_dict(orient="records")  # type: ignore[assignment]
    total, trained = (sum(row[key] for row in rows) for key in ("parameters", "trained"))
    counts = {"parameters": total, "trained": trained} if rows else {"parameters": None, "trained": None}
    result = {"name": recipe.name, "classes": 2, **counts, "layers": rows}
    if not emit(result, json):
        return
    if rows:
        out.print(layers_table(rows, f"{recipe.name} for two classes: {recipe.summary}"))
        out.print(f"{total:,} parameters: {trained:,} trained, {total - trained:,} frozen", markup=False)
    else:
        out.print(f"{recipe.name} is fitted to the images in one piece: it has no layers to train.", markup=False)
    print_next("chestnut", "demo", "--recipe", name, "--out", f"demo-{recipe.name}")


def layers_table(rows: list[dict[str, Any]], title: str) -> Table:
    """Return the table of a network's layers, as `model.summary()` of Keras shows them."""
    made = table(title, _LAYER_COLUMNS, ("parameters", "trained"), ("kind", "output"))
    for row in rows:
        shape = "×".join("any" if side is None else str(side) for side in row["output"])
        made.add_row(row["layer"], row["kind"], shape, f"{row['parameters']:,}", f"{row['trained']:,}")
    return made
