"""Which arithmetic to train in: what the recipe says, or what a short trial on this device finds faster."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from chestnut.config import Recipe
from chestnut.files import read_json, write_json
from chestnut.models.build import build_recipe
from chestnut.models.device import accelerators, backend, has_fast_bfloat16, processor
from chestnut.training.learner import Learner

#: bfloat16 is taken only where it is this much faster: less is noise, and float32 is the safer of equals.
_WORTHWHILE = 1.05

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def policy(precision: str) -> str:
    """The Keras dtype policy of a recipe's resolved precision."""
    return _POLICIES[precision]


def resolve(recipe: Recipe, classes: int, memory: Path | None = None) -> Recipe:
    """A recipe whose precision is no longer `auto`.

    The trial trains a few batches of random images in both arithmetics and takes the faster. Its finding is kept, so
    that the same recipe on the same machine is trained the same way each time.

    Args:
        recipe: Any recipe.
        classes: Number of classes.
        memory: A JSON file that keeps findings; None keeps none.
    """
    if recipe.train.precision != "auto":
        return recipe
    return recipe.changed([f"train.precision={_found(recipe, classes, memory)}"])


def _found(recipe: Recipe, classes: int, memory: Path | None) -> str:
    if not has_fast_bfloat16():
        return "float32"
    table = recipe.model.model_dump_json(exclude_defaults=True)
    key = f"{backend()} {processor()} {accelerators()} {recipe.input.shape} {recipe.train.batch_size} {table}"
    known = read_json(memory) if memory is not None and memory.is_file() else {}
    if key in known:
        return str(known[key])
    speeds = {name: _speed(recipe, classes, name) for name in ("float32", "bfloat16")}
    found = "bfloat16" if speeds["bfloat16"] > _WORTHWHILE * speeds["float32"] else "float32"
    if memory is not None:
        write_json(memory, {**known, key: found})
    return found


def _speed(recipe: Recipe, classes: int, precision: str, batches: int = 4) -> float:
    """Batches a second, the best of a few after one that compiles."""
    learner = Learner(build_recipe(recipe, classes, policy(precision)), recipe, policy(precision))
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (recipe.train.batch_size, *recipe.input.shape), dtype=np.uint8)
    width = 1 if recipe.model.head == "sigmoid" else classes
    targets = np.zeros((recipe.train.batch_size, width), dtype=np.float32)
    learner.train_on_batch(images, targets)
    seconds = []
    for _ in range(batches):
        started = time.perf_counter()
        learner.train_on_batch(images, targets)
        seconds.append(time.perf_counter() - started)
    return 1 / min(seconds)
