"""Summarise a recipe in a short table, without the defaults that change nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel

from chestnut.config import ClassicalConfig, EnsembleConfig, ImportedConfig, Recipe
from chestnut.evaluation.metric_names import in_words

# The rows that mean nothing for a classical method, which is not trained by steps.
_TRAINED_ONLY = {
    "Loss",
    "Optimiser",
    "Learning rate schedule",
    "Augmentation",
    "Training",
    "Early stopping",
    "Weights kept",
}

# The rows that mean nothing for an ensemble.
_SINGLE_ONLY = {*_TRAINED_ONLY, "Network", "Class balance", "Split", "Arithmetic", "Seed"}


def recipe_rows(recipe: Recipe) -> list[tuple[str, str]]:
    """Return the name and value of each setting that matters, in the order of the report."""
    size = recipe.input
    how = "" if size.resample == "area" else f", {size.resample}"
    grey = "grey" if size.channels == 1 else "grey, repeated"
    optim, stop = recipe.optim, recipe.train.stop
    patience = f"after {stop.patience} epochs without a better {in_words(stop.metric)}" if stop.patience else "never"
    train, val, test = (f"{100 * part:.0f}" for part in recipe.data.fractions)
    rows = [
        ("Recipe", f"{recipe.name}: {recipe.summary}" if recipe.summary else recipe.name),
        ("Source", recipe.source),
        ("Source reports", recipe.reported),
        ("Input", f"{size.height}×{size.width}×{size.channels} pixels, {grey}, resized by {size.resize}{how}"),
        ("View", size.view if size.needs_lungs else ""),
        ("Network", _describe_network(recipe)),
        ("Loss", _join(recipe.loss.name, _list_changes(recipe.loss))),
        ("Optimiser", _join(optim.name, f"learning rate {_write(optim.learning_rate)}", _list_changes(optim))),
        ("Learning rate schedule", _join(optim.schedule.name, _list_changes(optim.schedule))),
        ("Augmentation", _list_changes(recipe.augment) or "none"),
        ("Class balance", recipe.data.balance),
        ("Split", f"{train} / {val} / {test} % by patient, unless the data have their own"),
        ("Training", f"at most {recipe.train.epochs} epochs, {recipe.train.batch_size} images per batch"),
        ("Arithmetic", recipe.train.precision),
        ("Early stopping", patience),
        ("Weights kept", f"those of the epoch with the best {in_words(stop.metric)}"),
        ("Seed", str(recipe.seed)),
    ]
    left_out = _TRAINED_ONLY if isinstance(recipe.model, ClassicalConfig) else ()
    if isinstance(recipe.model, EnsembleConfig):
        left_out = _SINGLE_ONLY
    if isinstance(recipe.model, ImportedConfig):
        left_out = _SINGLE_ONLY - {"Network", "Split"}
    return [(name, value) for name, value in rows if value and name not in left_out]


def _describe_network(recipe: Recipe) -> str:
    """Return the kind of a network and its settings, or where an imported one comes from."""
    model = recipe.model
    if isinstance(model, ImportedConfig):
        outputs = ", ".join(model.outputs)
        return f"imported from {model.file}: grey values {model.scale}, {model.head}, outputs {outputs}"
    return f"{model.network}: {_list_settings(model, {'network'})}"


def _list_changes(part: BaseModel) -> str:
    """List the settings that differ from their defaults."""
    fields = type(part).model_fields
    skipped = {name for name in fields if getattr(part, name) == fields[name].default}
    return _list_settings(part, skipped | {"name", "learning_rate", "schedule"})


def _list_settings(part: BaseModel, without: Collection[str]) -> str:
    """List all settings that are not zero, off or empty."""
    settings = {name: getattr(part, name) for name in type(part).model_fields if name not in without}
    return ", ".join(_setting(name, value) for name, value in settings.items() if value and not _all_zero(value))


def _setting(name: str, value: Any) -> str:
    return in_words(name) if value is True else f"{in_words(name)} {_write(value)}"


def _all_zero(value: Any) -> bool:
    return isinstance(value, tuple) and not any(value)


def _write(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(_write(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
