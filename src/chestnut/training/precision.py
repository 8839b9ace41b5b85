"""Which arithmetic to train in: what the recipe says, what the GPU is built for, or what a short trial finds faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.config import ClassicalConfig, Recipe
from chestnut.files.json_files import read_json, write_json
from chestnut.files.locks import locked
from chestnut.models.device import accelerators, backend, compute_capability, has_fast_bfloat16, policy, processor
from chestnut.training.learner import Learner
from chestnut.training.starting_network import assemble

#: bfloat16 is taken only where it is this much faster: less is noise, and float32 is the safer of equals.
_WORTHWHILE = 1.05


def resolve(recipe: Recipe, classes: int, memory: Path | None = None, *, alone: bool = True) -> Recipe:
    """A recipe whose precision is no longer `auto`.

    GPUs and TPUs are known by what they are; see `of_accelerator`. On a processor with AVX-512 BF16, a trial trains a
    few batches of random images in float32 and in bfloat16 and takes the faster. Its finding is kept, so that the same
    recipe on the same machine is trained the same way each time.

    Args:
        recipe: Any recipe.
        classes: Number of classes.
        memory: A JSON file that keeps findings; None keeps none.
        alone: Whether this host trains alone: hosts that train together may not differ, so they take no trial.
    """
    if recipe.train.precision != "auto":
        return recipe
    if isinstance(recipe.model, ClassicalConfig):
        return recipe.changed(["train.precision=float32"])
    if names := accelerators():
        found = of_accelerator(names[0], compute_capability())
    else:
        found = _tried(recipe, classes, memory) if alone and has_fast_bfloat16() else "float32"
    return recipe.changed([f"train.precision={found}"])


def of_accelerator(name: str, capability: tuple[int, int] | None) -> str:
    """The arithmetic that a GPU or TPU is built for; bfloat16 before float16, whose gradients need a scaled loss.

    Args:
        name: The device's name, such as gpu:0 or tpu:0.
        capability: An NVIDIA GPU's compute capability, whose tensor cores multiply float16 from 7.0 and bfloat16 from
            8.0 (CUDA C++ Programming Guide, warp matrix functions); None where it is not known.

    >>> of_accelerator("gpu:0", (9, 0)), of_accelerator("gpu:0", (7, 5)), of_accelerator("gpu:0", (6, 1))
    ('bfloat16', 'float16', 'float32')
    """
    if name.startswith("tpu"):
        return "bfloat16"
    if capability is None or capability < (7, 0):
        return "float32"
    return "bfloat16" if capability >= (8, 0) else "float16"


def _tried(recipe: Recipe, classes: int, memory: Path | None) -> str:
    """What the trial finds faster, now or earlier; of processes with the same question one tries, and all agree."""
    if memory is None:
        return _faster(recipe, classes)
    table = recipe.model.model_dump_json(exclude={"weights"})
    key = f"{backend()} {processor()} {recipe.input.shape} {recipe.train.batch_size} {table}"
    with locked(memory.with_suffix(".lock")):
        known = read_json(memory) if memory.is_file() else {}
        if key not in known:
            known[key] = _faster(recipe, classes)
            write_json(memory, known)
    return str(known[key])


def _faster(recipe: Recipe, classes: int) -> str:
    costs = {name: _cost(recipe, classes, name) for name in ("float32", "bfloat16")}
    return "bfloat16" if _WORTHWHILE * costs["bfloat16"] < costs["float32"] else "float32"


def _cost(recipe: Recipe, classes: int, precision: str) -> float:
    """Seconds that one batch takes in a whole run: its passes through the frozen part, and its steps in every epoch."""
    recipe = recipe.changed([f"train.precision={precision}"])
    parts, train = assemble(recipe, classes).parts, recipe.train
    frozen = parts.frozen if train.passes > 0 else None
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (train.batch_size, *recipe.input.shape), dtype=np.uint8)
    inputs: Any = random.random((train.batch_size, *parts.trained.input.shape[1:]), np.float32) if frozen else images
    targets = np.zeros((train.batch_size, 1 if recipe.model.head == "sigmoid" else classes), dtype=np.float32)
    learner = Learner(
        parts.trained, recipe, policy(precision), frozen=None if frozen else parts.frozen, features=frozen is not None
    )
    seconds = train.epochs * _seconds(lambda: learner.train_on_batch(inputs, targets))
    if frozen is not None:
        seconds += min(train.passes, train.epochs) * _seconds(lambda: frozen.predict_on_batch(images))
    return seconds


def _seconds(work: Callable[[], Any], times: int = 4) -> float:
    """Seconds that a piece of work takes, the best of a few after one that compiles."""
    work()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)
