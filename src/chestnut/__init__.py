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
    from chestnut.api.control import control
    from chestnut.api.data import audit, augment, fetch, phantom, show, table_one
    from chestnut.api.describing import write_study
    from chestnut.api.ensembles import ensemble, train_ensemble
    from chestnut.api.export import export_run
    from chestnut.api.importing import import_model
    from chestnut.api.insight.pictures import draw_predictions
    from chestnut.api.label_errors import label_errors
    from chestnut.api.listen import listen
    from chestnut.api.lungs import lungs
    from chestnut.api.paired import compare_runs
    from chestnut.api.predict import predict, predict_csv
    from chestnut.api.recipes import layers, lr_range
    from chestnut.api.resume import resume
    from chestnut.api.run import Run, list_runs, open_run, stress
    from chestnut.api.serve import serve_runs
    from chestnut.api.studies import compare, crossval, tune
    from chestnut.api.system import describe_system
    from chestnut.api.training import train
    from chestnut.config import Recipe, load_recipe, recipe_names
    from chestnut.data.cache.cache import clean as clean_cache
    from chestnut.data.cache.cache import entries as cache_entries
    from chestnut.data.folds import folds
    from chestnut.data.manifest import Manifest
    from chestnut.data.phantom.dataset import write as write_phantom
    from chestnut.data.sources.load import Columns, load_dataset
    from chestnut.data.split import split
    from chestnut.errors import ChestnutError
    from chestnut.evaluation.metrics import Evaluation, evaluate
    from chestnut.evaluation.sample_size import plan
    from chestnut.report.pdf import write_pdf

    __version__: str

#: The module of each public name; after a colon, the name it has there if that differs.
_HOMES = {
    "ChestnutError": "chestnut.errors",
    "Columns": "chestnut.data.sources.load",
    "Evaluation": "chestnut.evaluation.metrics",
    "Manifest": "chestnut.data.manifest",
    "Recipe": "chestnut.config",
    "Run": "chestnut.api.run",
    "audit": "chestnut.api.data",
    "augment": "chestnut.api.data",
    "cache_entries": "chestnut.data.cache.cache:entries",
    "clean_cache": "chestnut.data.cache.cache:clean",
    "compare": "chestnut.api.studies",
    "compare_runs": "chestnut.api.paired",
    "control": "chestnut.api.control",
    "crossval": "chestnut.api.studies",
    "describe_system": "chestnut.api.system",
    "draw_predictions": "chestnut.api.insight.pictures",
    "ensemble": "chestnut.api.ensembles",
    "evaluate": "chestnut.evaluation.metrics",
    "export_run": "chestnut.api.export",
    "fetch": "chestnut.api.data",
    "folds": "chestnut.data.folds",
    "import_model": "chestnut.api.importing",
    "label_errors": "chestnut.api.label_errors",
    "layers": "chestnut.api.recipes",
    "list_runs": "chestnut.api.run",
    "listen": "chestnut.api.listen",
    "load_dataset": "chestnut.data.sources.load",
    "load_recipe": "chestnut.config",
    "lr_range": "chestnut.api.recipes",
    "lungs": "chestnut.api.lungs",
    "open_run": "chestnut.api.run",
    "phantom": "chestnut.api.data",
    "plan": "chestnut.evaluation.sample_size",
    "predict": "chestnut.api.predict",
    "predict_csv": "chestnut.api.predict",
    "recipe_names": "chestnut.config",
    "resume": "chestnut.api.resume",
    "serve_runs": "chestnut.api.serve",
    "show": "chestnut.api.data",
    "split": "chestnut.data.split",
    "stress": "chestnut.api.run",
    "table_one": "chestnut.api.data",
    "train": "chestnut.api.training",
    "train_ensemble": "chestnut.api.ensembles",
    "tune": "chestnut.api.studies",
    "write_pdf": "chestnut.report.pdf",
    "write_phantom": "chestnut.data.phantom.dataset:write",
    "write_study": "chestnut.api.describing",
}

__all__ = [
    "ChestnutError",
    "Columns",
    "Evaluation",
    "Manifest",
    "Recipe",
    "Run",
    "__version__",
    "audit",
    "augment",
    "cache_entries",
    "clean_cache",
    "compare",
    "compare_runs",
    "control",
    "crossval",
    "describe_system",
    "draw_predictions",
    "ensemble",
    "evaluate",
    "export_run",
    "fetch",
    "folds",
    "import_model",
    "label_errors",
    "layers",
    "list_runs",
    "listen",
    "load_dataset",
    "load_recipe",
    "lr_range",
    "lungs",
    "open_run",
    "phantom",
    "plan",
    "predict",
    "predict_csv",
    "recipe_names",
    "resume",
    "serve_runs",
    "show",
    "split",
    "stress",
    "table_one",
    "train",
    "train_ensemble",
    "tune",
    "write_pdf",
    "write_phantom",
    "write_study",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("chestnut")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'chestnut' has no attribute {name!r}")
    module, _, original = home.partition(":")
    return getattr(importlib.import_module(module), original or name)


def __dir__() -> list[str]:
    return sorted(__all__)
