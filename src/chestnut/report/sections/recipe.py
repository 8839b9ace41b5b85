"""A recipe as a short table: what it says, without the defaults that change nothing.

Called by `run_page`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel

from chestnut.config import ClassicalConfig, EnsembleConfig, Recipe
from chestnut.evaluation.metric_names import in_words

#: What says nothing of a network that is fitted.
_OF_STEPS = {
    "Loss",
    "Optimiser",
    "Learning rate schedule",
    "Augmentation",
    "Training",
    "Early stopping",
    "Weights kept",
}


#: What says nothing of an ensemble.
_OF_TRAINING = {*_OF_STEPS, "Network", "Class balance", "Split", "Arithmetic", "Seed"}


def recipe_rows(recipe: Recipe) -> list[tuple[str, str]]:
    """Name and value of what matters in a recipe, in the order of the report."""
    size = recipe.input
    grey = "grey" if size.channels == 1 else "grey, repeated"
    optim, stop = recipe.optim, recipe.train.stop
    patience = f"after {stop.patience} epochs without a better {in_words(stop.metric)}" if stop.patience else "never"
    train, val, test = (f"{100 * part:.0f}" for part in recipe.data.fractions)
    rows = [
        ("Recipe", f"{recipe.name}: {recipe.summary}" if recipe.summary else recipe.name),
        ("Source", recipe.source),
        ("Source reports", recipe.reported),
        ("Input", f"{size.height}×{size.width}×{size.channels} pixels, {grey}, resized by {size.resize}"),
        ("Network", f"{recipe.model.network}: {_held(recipe.model, {'network'})}"),
        ("Loss", _named(recipe.loss.name, _changed(recipe.loss))),
        ("Optimiser", _named(optim.name, f"learning rate {_written(optim.learning_rate)}", _changed(optim))),
        ("Learning rate schedule", _named(optim.schedule.name, _changed(optim.schedule))),
        ("Augmentation", _changed(recipe.augment) or "none"),
        ("Class balance", recipe.data.balance),
        ("Split", f"{train} / {val} / {test} % by patient, where the data bring none"),
        ("Training", f"at most {recipe.train.epochs} epochs, {recipe.train.batch_size} images a batch"),
        ("Arithmetic", recipe.train.precision),
        ("Early stopping", patience),
        ("Weights kept", f"those of the epoch with the best {in_words(stop.metric)}"),
        ("Seed", str(recipe.seed)),
    ]
    left_out = _OF_STEPS if isinstance(recipe.model, ClassicalConfig) else ()
    if isinstance(recipe.model, EnsembleConfig):
        left_out = _OF_TRAINING
    return [(name, value) for name, value in rows if value and name not in left_out]


def _changed(part: BaseModel) -> str:
    """The settings that differ from their defaults."""
    fields = type(part).model_fields
    skipped = {name for name in fields if getattr(part, name) == fields[name].default}
    return _held(part, skipped | {"name", "learning_rate", "schedule"})


def _held(part: BaseModel, without: Collection[str]) -> str:
    """All settings that are not zero, off or empty."""
    held = {name: getattr(part, name) for name in type(part).model_fields if name not in without}
    return ", ".join(_setting(name, value) for name, value in held.items() if value and not _all_zero(value))


def _setting(name: str, value: Any) -> str:
    return in_words(name) if value is True else f"{in_words(name)} {_written(value)}"


def _all_zero(value: Any) -> bool:
    return isinstance(value, tuple) and not any(value)


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(_written(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _named(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
