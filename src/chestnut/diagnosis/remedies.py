"""Changes of a recipe that a rule may propose, as `key=value` settings.

Each function returns settings that are valid for the recipe and change something in it, or none.
"""

from __future__ import annotations

from chestnut.config import BackboneConfig, CnnConfig, MlpConfig, Recipe

Settings = tuple[str, ...]

_GENTLE = ("augment.rotation=5", "augment.shift=0.05", "augment.zoom=0.1")
_HEAVY_DROPOUT = 0.5


def format_number(value: float) -> str:
    """Return a number with one significant digit, as TOML.

    >>> format_number(0.00033), format_number(2.9)
    ('0.0003', '3.0')
    """
    return repr(float(f"{value:.1g}"))


def rate(recipe: Recipe, factor: float) -> Settings:
    """Multiply the learning rate by a factor."""
    return (f"optim.learning_rate={format_number(recipe.optim.learning_rate * factor)}",)


def warm_up(recipe: Recipe) -> Settings:
    """Add an epoch of warm-up where there is none."""
    return () if recipe.optim.schedule.warmup else ("optim.schedule.warmup=1",)


def clip(recipe: Recipe) -> Settings:
    """Limit the gradient where it has no limit."""
    return () if recipe.optim.clip_norm else ("optim.clip_norm=1",)


def loosen(recipe: Recipe) -> Settings:
    """Let a network fit its images better: remove its regularisation or, where it has none, enlarge it."""
    return _without_regularisation(recipe) or _larger(recipe)


def restrain(recipe: Recipe) -> Settings:
    """Add regularisation: augmentation where there is none, then dropout, then weight decay."""
    if not (recipe.augment.geometric or recipe.augment.photometric):
        return _GENTLE
    dropout = "dropout" if isinstance(recipe.model, MlpConfig) else "dense_dropout"
    if getattr(recipe.model, "dense", ()) and _most(getattr(recipe.model, dropout)) < _HEAVY_DROPOUT:
        return (f"model.{dropout}={_HEAVY_DROPOUT}",)
    if not recipe.optim.weight_decay:
        return ("optim.name=adamw", "optim.weight_decay=0.01")
    return (f"optim.weight_decay={format_number(recipe.optim.weight_decay * 10)}",)


def average(recipe: Recipe) -> Settings:
    """Average the weights over the steps where they are not averaged."""
    return () if recipe.train.average else ("train.average=0.99",)


def more_validation(recipe: Recipe) -> Settings:
    """Move a tenth of the images from training to validation, unless training has few already."""
    train, val, _ = recipe.data.fractions
    if train < 0.6:
        return ()
    return (f"data.fractions=[{train - 0.1:.2f}, {val + 0.1:.2f}, {1 - (train - 0.1) - (val + 0.1):.2f}]",)


def hide_exposure(recipe: Recipe) -> Settings:
    """Remove traces of exposure and processing: normalise grey values and change them at random."""
    scale = ("input.intensity=clahe",) if recipe.input.intensity == "none" else ()
    wanted = {"brightness": 0.1, "contrast": 0.3, "gamma": 0.3}
    weak = [f"augment.{name}={value}" for name, value in wanted.items() if getattr(recipe.augment, name) < value]
    return (*scale, *weak)


def _without_regularisation(recipe: Recipe) -> Settings:
    names = [name for name in ("dropout", "dense_dropout", "l1", "l2") if _most(getattr(recipe.model, name, 0.0))]
    decay = ("optim.weight_decay=0.0",) if recipe.optim.weight_decay else ()
    return (*(f"model.{name}=0.0" for name in names), *decay)


def _larger(recipe: Recipe) -> Settings:
    match recipe.model:
        case CnnConfig(filters=filters):
            return (f"model.filters={[2 * count for count in filters]}",)
        case BackboneConfig(unfreeze=share) if share < 1:
            return (f"model.unfreeze={min(1.0, round(share + 0.3, 1))}", *rate(recipe, 0.1))
        case MlpConfig(dense=dense) | BackboneConfig(dense=dense):
            return (f"model.dense={[2 * count for count in dense or (64,)]}",)
        case _:
            return ()


def _most(value: float | tuple[float, ...]) -> float:
    return max(value, default=0.0) if isinstance(value, tuple) else value
