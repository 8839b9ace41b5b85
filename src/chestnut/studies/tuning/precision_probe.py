"""Find out once, in a separate process, which precision a search uses if its recipe leaves the choice open.

The process is `python -m chestnut.studies.tuning.precision_probe`. If each trial measured for itself, that would take
seconds every time, and the precision of a trial would depend on other work on the machine.
"""

from __future__ import annotations

import subprocess
import sys

from chestnut.config import ClassicalConfig, Recipe
from chestnut.jobs.process import job_variables
from chestnut.models.backend.choice import choose_backend


def resolve_precision(recipe: Recipe, classes: int, threads: int) -> str:
    """Return the precision that `auto` means on this machine's processor, or `auto` if it cannot be measured.

    Args:
        recipe: Any recipe. One that is fitted without epochs, or that names a precision, is not measured.
        classes: The number of classes.
        threads: The number of threads of one operation.
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
    return "auto" if done.returncode else done.stdout.split()[-1]  # the runs will report what is wrong


def main() -> None:
    """Write the precision of the recipe on standard input; the argument is the number of classes."""
    choose_backend()
    from chestnut.data.cache.cache import cache_folder
    from chestnut.training.precision import resolve

    recipe = Recipe.from_toml(sys.stdin.read(), "the recipe")
    found = resolve(recipe, int(sys.argv[1]), cache_folder() / "precision.json")
    sys.stdout.write(f"{found.train.precision}\n")


if __name__ == "__main__":
    main()
