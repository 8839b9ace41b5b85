"""Try once, in a process of its own, which arithmetic the runs of a search train in where their recipe leaves it open.

The process is `python -m chestnut.studies.tuning.precision_probe`. If each trial tried for itself, it would take
seconds every time, and other work on the machine would decide which trial trains in what.
"""

from __future__ import annotations

import subprocess
import sys

from chestnut.config import ClassicalConfig, Recipe
from chestnut.jobs.process import job_variables


def settled(recipe: Recipe, classes: int, threads: int) -> str:
    """The precision that a recipe's `auto` comes to on this machine's processor; `auto` where it cannot be tried.

    Args:
        recipe: Any recipe; one that is fitted without epochs has nothing to try.
        classes: Number of classes.
        threads: Threads of one operation.
    """
    if recipe.train.precision != "auto" or isinstance(recipe.model, ClassicalConfig):
        return recipe.train.precision
    done = subprocess.run(
        [sys.executable, "-P", "-m", "chestnut.studies.tuning.precision_probe", str(classes)],
        input=recipe.to_toml(),
        capture_output=True,
        env=job_variables(threads),
        encoding="utf-8",
        check=False,
    )
    return "auto" if done.returncode else done.stdout.split()[-1]  # what is wrong is for the runs to say


def main() -> None:
    """Write what the recipe on standard input comes to; the argument is the number of classes."""
    from chestnut.data.cache.cache import cache_folder
    from chestnut.training.precision import resolve

    recipe = Recipe.from_toml(sys.stdin.read(), "the recipe")
    found = resolve(recipe, int(sys.argv[1]), cache_folder() / "precision.json")
    sys.stdout.write(f"{found.train.precision}\n")


if __name__ == "__main__":
    main()
