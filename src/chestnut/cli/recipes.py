"""`chestnut recipes`: the recipes there are, or one of them as TOML."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from chestnut.cli.shared.output import JsonOption, emit, out, table


def command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Print this recipe as TOML.")] = None,
    json: JsonOption = None,
) -> None:
    """List the recipes with their parameters, input size, source and reported score, or print one."""
    from chestnut.config import Recipe, load_recipe, recipe_names, recipe_text

    if name is not None:
        text = recipe_text(name)
        if emit({"name": name, "toml": text, "recipe": Recipe.from_toml(text, name).model_dump(mode="json")}, json):
            out.print(text, end="", markup=False, soft_wrap=True)
        return
    listing = [_described(load_recipe(item)) for item in recipe_names()]
    if emit({"recipes": listing}, json):
        made = table(
            columns=("recipe", "parameters", "input", "what it is", "source", "reported"), numbers=("parameters",)
        )
        for row in listing:
            size = f"{row['height']}×{row['width']}×{row['channels']}"
            made.add_row(
                f"[bold]{row['name']}[/]",
                f"{row['parameters']:,}",
                size,
                row["summary"],
                row["source"],
                row["reported"],
            )
        out.print(made)


def _described(recipe: Any) -> dict[str, Any]:
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
