"""Fine-tune a run: unfreeze the top of its backbone and train it further at a low learning rate.

Fine-tuning makes a new run, whose recipe names the old run as its starting weights.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace

from chestnut.config import AugmentConfig, BackboneConfig, EnsembleConfig, ImportedConfig, Recipe, load_recipe
from chestnut.errors import RecipeError
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.runs.folder import RunFolder
from chestnut.training.train import Setup, train

_log = logging.getLogger(__name__)

#: The least augmentation during fine-tuning; stronger values in the run's recipe are kept.
STRONGER = AugmentConfig(rotation=7.0, shift=0.07, zoom=0.07, brightness=0.08, contrast=0.15)

#: The default number of epochs, and of epochs without improvement before stopping.
EPOCHS, PATIENCE = 12, 5


def finetune_recipe(
    run: RunFolder, unfreeze: float = 0.3, learning_rate: float = 1e-5, settings: list[str] | None = None
) -> Recipe:
    """Return the recipe that fine-tunes a run.

    Args:
        run: A trained run of a backbone.
        unfreeze: The share of the backbone's layers to train, from the top, above 0 and at most 1.
        learning_rate: The learning rate, above 0.
        settings: `key=value` texts, which override all other values.

    Raises:
        RecipeError: The run has no backbone or is an ensemble, or a value is out of range.
        BundleError: The run's training has not finished.
    """
    recipe = run.recipe
    if isinstance(recipe.model, ImportedConfig):
        raise RecipeError(
            f"{run.path} was imported, and how its network is trained is not known; give a run of a backbone that was "
            "trained here, such as the recipe mobilenet-v2"
        )
    if isinstance(recipe.model, EnsembleConfig):
        raise RecipeError(
            f"{run.path} is an ensemble, which is not trained; fine-tune its members, such as "
            f"{recipe.model.members[0]}, and make an ensemble of the fine-tuned runs"
        )
    if not isinstance(recipe.model, BackboneConfig):
        raise RecipeError(
            f"{run.path} is a {recipe.model.network}, which is trained as a whole and has nothing to unfreeze; give a "
            "run of a backbone, such as the recipe mobilenet-v2"
        )
    if not 0 < unfreeze <= 1:
        raise RecipeError(f"unfreeze={unfreeze:g}: give the share of the backbone's layers, above 0 and at most 1")
    if not 0 < learning_rate < math.inf:
        raise RecipeError(f"learning_rate={learning_rate:g}: give a finite number above 0, such as 1e-5")
    read_run_bundle(run)
    table = recipe.model.model_copy(update={"weights": str(run.path.resolve()), "unfreeze": float(unfreeze)})
    stop = recipe.train.stop.model_copy(update={"patience": PATIENCE})
    finer = recipe.model_copy(
        update={
            "name": f"{recipe.name.removesuffix('-finetuned')}-finetuned",
            "model": table,
            "optim": recipe.optim.model_copy(update={"learning_rate": float(learning_rate)}),
            "augment": _strengthen(recipe.augment),
            "train": recipe.train.model_copy(update={"epochs": EPOCHS, "stop": stop}),
        }
    )
    return load_recipe(finer, settings or [])


def finetune(
    run: RunFolder,
    setup: Setup,
    *,
    unfreeze: float = 0.3,
    learning_rate: float = 1e-5,
    settings: list[str] | None = None,
) -> RunFolder:
    """Fine-tune a run on its own images and splits.

    If no epoch is better on validation than the run that it starts from, that run's weights are kept, with a warning.

    Args:
        run: A trained run of a backbone.
        setup: The folder of the new run, and how it is trained; the images are not audited again.
        unfreeze: The share of the backbone's layers to train, from the top, above 0 and at most 1.
        learning_rate: The learning rate, above 0.
        settings: `key=value` texts, which override all other values.

    Raises:
        RecipeError: For the reasons of `finetune_recipe`.
        BundleError: The run's training has not finished.
    """
    recipe = finetune_recipe(run, unfreeze, learning_rate, settings)
    finer = train(run.manifest, recipe, replace(setup, audited=False))
    if note := describe_kept_start(finer):
        _log.warning(note)
    return finer


def describe_kept_start(run: RunFolder) -> str:
    """Return a sentence if the start of a run was better than every epoch; else an empty text."""
    record = run.record
    if not record.start or not record.kept_start:
        return ""
    metric = run.recipe.train.stop.metric
    column = run.history[metric]
    best = column.min() if run.recipe.train.stop.smaller_is_better else column.max()
    return (
        f"no epoch was better on validation than the start ({metric} {best:.4f} at best, {record.start[metric]:.4f} "
        "at the start): the start's weights are kept"
    )


def _strengthen(given: AugmentConfig) -> AugmentConfig:
    """Return each change with the given strength, or that of `STRONGER` if it is higher."""
    least = {name: value for name, value in STRONGER.model_dump().items() if isinstance(value, float)}
    return given.model_copy(update={name: max(value, getattr(given, name)) for name, value in least.items()})
