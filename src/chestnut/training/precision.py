"""Choose the arithmetic of a training: the recipe's, the one that a GPU is built for, or the faster one in a trial."""

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

#: bfloat16 must be faster by this factor: a smaller difference may be noise, and float32 is safer.
_WORTHWHILE = 1.05


def resolve(recipe: Recipe, classes: int, memory: Path | None = None, *, alone: bool = True) -> Recipe:
    """Return the recipe with a definite precision in place of `auto`.

    For GPUs and TPUs the type decides; see `choose_for_accelerator`. On a processor with AVX-512 BF16, a trial trains a
    few batches of random images in float32 and in bfloat16, and the faster one is used. The result is stored, so that
    the same recipe is always trained in the same way on the same machine.

    Args:
        recipe: The recipe.
        classes: The number of classes.
        memory: The JSON file that stores results of trials; None stores nothing.
        alone: Whether this host trains alone. Hosts that train together must not differ, so they make no trial.
    """
    if recipe.train.precision != "auto":
        return recipe
    if isinstance(recipe.model, ClassicalConfig):
        return recipe.changed(["train.precision=float32"])
    if names := accelerators():
        found = choose_for_accelerator(names[0], compute_capability())
    else:
        found = _recall_or_try(recipe, classes, memory) if alone and has_fast_bfloat16() else "float32"
    return recipe.changed([f"train.precision={found}"])


def choose_for_accelerator(name: str, capability: tuple[int, int] | None) -> str:
    """Return the arithmetic that a GPU or TPU is built for.

    bfloat16 is preferred to float16, which needs a scaled loss.

    Args:
        name: The name of the device, such as gpu:0 or tpu:0.
        capability: The compute capability of an NVIDIA GPU; None if it is not known. Tensor cores multiply float16
            from 7.0 on and bfloat16 from 8.0 on (CUDA C++ Programming Guide, warp matrix functions).

    >>> choose_for_accelerator("gpu:0", (9, 0)), choose_for_accelerator("gpu:0", (7, 5))
    ('bfloat16', 'float16')
    """
    if name.startswith("tpu"):
        return "bfloat16"
    if capability is None or capability < (7, 0):
        return "float32"
    return "bfloat16" if capability >= (8, 0) else "float16"


def expect_precision() -> str:
    """Return the arithmetic that `auto` takes on this machine; `measured` where a trial with the recipe decides."""
    if names := accelerators():
        return choose_for_accelerator(names[0], compute_capability())
    return "measured" if has_fast_bfloat16() else "float32"


def _recall_or_try(recipe: Recipe, classes: int, memory: Path | None) -> str:
    """Return the result of an earlier trial, or make one; of several processes, one makes the trial and all use it."""
    if memory is None:
        return _find_faster(recipe, classes)
    table = recipe.model.model_dump_json(exclude={"weights"})
    key = f"{backend()} {processor()} {recipe.input.shape} {recipe.train.batch_size} {table}"
    with locked(memory.with_suffix(".lock")):
        known = read_json(memory) if memory.is_file() else {}
        if key not in known:
            known[key] = _find_faster(recipe, classes)
            write_json(memory, known)
    return str(known[key])


def _find_faster(recipe: Recipe, classes: int) -> str:
    costs = {name: _measure_cost(recipe, classes, name) for name in ("float32", "bfloat16")}
    return "bfloat16" if _WORTHWHILE * costs["bfloat16"] < costs["float32"] else "float32"


def _measure_cost(recipe: Recipe, classes: int, precision: str) -> float:
    """Return the seconds that one batch takes in a whole run, in the frozen part and in the steps of all epochs."""
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
    seconds = train.epochs * _measure_seconds(lambda: learner.train_on_batch(inputs, targets))
    if frozen is not None:
        seconds += min(train.passes, train.epochs) * _measure_seconds(lambda: frozen.predict_on_batch(images))
    return seconds


def _measure_seconds(work: Callable[[], Any], times: int = 4) -> float:
    """Return the seconds that a function takes: the best of a few calls, after one that compiles."""
    work()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)
