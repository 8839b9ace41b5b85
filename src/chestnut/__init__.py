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
    from chestnut.api.run import Run, audit, ensemble, list_runs, open_run, train
    from chestnut.api.studies import compare, crossval, tune
    from chestnut.config import Recipe, load_recipe, recipe_names
    from chestnut.data.folds import folds
    from chestnut.data.manifest import Manifest
    from chestnut.data.phantom.dataset import write as write_phantom
    from chestnut.data.sources.load import Columns, load_dataset
    from chestnut.data.split import split
    from chestnut.errors import ChestnutError
    from chestnut.evaluation.metrics import Evaluation, evaluate

_HOMES = {
    "ChestnutError": "chestnut.errors",
    "Columns": "chestnut.data.sources.load",
    "Evaluation": "chestnut.evaluation.metrics",
    "Manifest": "chestnut.data.manifest",
    "Recipe": "chestnut.config",
    "Run": "chestnut.api.run",
    "audit": "chestnut.api.run",
    "compare": "chestnut.api.studies",
    "crossval": "chestnut.api.studies",
    "ensemble": "chestnut.api.run",
    "evaluate": "chestnut.evaluation.metrics",
    "folds": "chestnut.data.folds",
    "list_runs": "chestnut.api.run",
    "load_dataset": "chestnut.data.sources.load",
    "load_recipe": "chestnut.config",
    "open_run": "chestnut.api.run",
    "recipe_names": "chestnut.config",
    "split": "chestnut.data.split",
    "train": "chestnut.api.run",
    "tune": "chestnut.api.studies",
    "write_phantom": "chestnut.data.phantom.dataset:write",
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
