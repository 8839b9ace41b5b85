"""chestnut turns a folder of chest X-rays into a classifier its user can believe.

>>> import chestnut as cn
>>> data = cn.load_dataset("path/to/images")  # doctest: +SKIP
>>> run = cn.train(data, "cnn-small")  # doctest: +SKIP
>>> run.evaluate("test")  # doctest: +SKIP

Names are loaded when they are first used, so that importing chestnut is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chestnut.api import Run, audit, ensemble, list_runs, open_run, train
    from chestnut.config import Recipe, load_recipe, recipe_names
    from chestnut.data.manifest import Manifest
    from chestnut.data.phantom_files import write as write_phantom
    from chestnut.data.sources import Columns, load_dataset
    from chestnut.data.split import folds, split
    from chestnut.errors import ChestnutError
    from chestnut.evaluation.metrics import Evaluation, evaluate
    from chestnut.experiments import compare, crossval, tune

_HOMES = {
    "ChestnutError": "chestnut.errors",
    "Columns": "chestnut.data.sources",
    "Evaluation": "chestnut.evaluation.metrics",
    "Manifest": "chestnut.data.manifest",
    "Recipe": "chestnut.config",
    "Run": "chestnut.api",
    "audit": "chestnut.api",
    "compare": "chestnut.experiments",
    "crossval": "chestnut.experiments",
    "ensemble": "chestnut.api",
    "evaluate": "chestnut.evaluation.metrics",
    "folds": "chestnut.data.split",
    "list_runs": "chestnut.api",
    "load_dataset": "chestnut.data.sources",
    "load_recipe": "chestnut.config",
    "open_run": "chestnut.api",
    "recipe_names": "chestnut.config",
    "split": "chestnut.data.split",
    "train": "chestnut.api",
    "tune": "chestnut.experiments",
    "write_phantom": "chestnut.data.phantom_files:write",
}

__all__ = [
    "ChestnutError",
    "Columns",
    "Evaluation",
    "Manifest",
    "Recipe",
    "Run",
    "audit",
    "compare",
    "crossval",
    "ensemble",
    "evaluate",
    "folds",
    "list_runs",
    "load_dataset",
    "load_recipe",
    "open_run",
    "recipe_names",
    "split",
    "train",
    "tune",
    "write_phantom",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'chestnut' has no attribute {name!r}")
    module, _, original = home.partition(":")
    return getattr(importlib.import_module(module), original or name)


def __dir__() -> list[str]:
    return sorted(__all__)
