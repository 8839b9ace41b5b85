"""Recipes and the tables they consist of: frozen, typed objects that refuse unknown keys."""

from chestnut.config.augment import AugmentConfig
from chestnut.config.classical import ClassicalConfig, HogLogisticConfig, PcaSvmConfig
from chestnut.config.ensemble import EnsembleConfig
from chestnut.config.imported import ImportedConfig
from chestnut.config.inputs import InputSpec
from chestnut.config.load import load_recipe, recipe_names, recipe_parameters, recipe_text
from chestnut.config.model import HUB, BackboneConfig, CnnConfig, MlpConfig, ModelConfig
from chestnut.config.ranges import Choice, FloatRange, IntRange
from chestnut.config.recipe import Recipe
from chestnut.config.training import (
    DataConfig,
    LossConfig,
    OptimConfig,
    ScheduleConfig,
    StopConfig,
    TrainConfig,
)

__all__ = [
    "HUB",
    "AugmentConfig",
    "BackboneConfig",
    "Choice",
    "ClassicalConfig",
    "CnnConfig",
    "DataConfig",
    "EnsembleConfig",
    "FloatRange",
    "HogLogisticConfig",
    "ImportedConfig",
    "InputSpec",
    "IntRange",
    "LossConfig",
    "MlpConfig",
    "ModelConfig",
    "OptimConfig",
    "PcaSvmConfig",
    "Recipe",
    "ScheduleConfig",
    "StopConfig",
    "TrainConfig",
    "load_recipe",
    "recipe_names",
    "recipe_parameters",
    "recipe_text",
]
