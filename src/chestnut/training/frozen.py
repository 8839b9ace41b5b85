"""Compute the output of a network's frozen part once, and keep it for all epochs and all runs.

The outputs are cached under a hash of everything that they depend on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import AugmentConfig, Recipe
from chestnut.data.cache.network_outputs import load_or_compute
from chestnut.lungfield.network import MODEL
from chestnut.models.augment import augmentation
from chestnut.models.device import backend, compiled, predict
from chestnut.progress import Bars, Tick
from chestnut.training.inputs import Features, Inputs, Rows

_BATCH = 64

#: The version of the computation. Increase it when outputs change, so that old ones are not used.
_VERSION = 1


@dataclass(frozen=True)
class Frozen:
    """The frozen part of a network, with its recipe.

    Attributes:
        network: The frozen layers, which take images.
        recipe: The recipe, with the augmentation, the seed and the number of passes.
    """

    network: keras.Model
    recipe: Recipe

    def plain(self, images: Inputs, digests: list[str], bars: Bars) -> Features:
        """Return the outputs for unchanged images.

        Args:
            images: The images.
            digests: The SHA-256 of each image.
            bars: The progress bars.
        """
        return self._features(images, digests, [None], bars)

    def augmented(self, images: Inputs, digests: list[str], bars: Bars) -> Features:
        """Return the outputs for augmented images, in `train.passes` passes, but no more than there are epochs.

        A recipe without augmentation needs only one pass.
        """
        train = self.recipe.train
        changes = self.recipe.augment != AugmentConfig()
        passes: list[int | None] = list(range(min(train.passes, train.epochs))) if changes else [None]
        return self._features(images, digests, passes, bars)

    def _features(self, images: Inputs, digests: list[str], passes: list[int | None], bars: Bars) -> Features:
        outputs, places = [], []
        shape = (len(images), *self.network.output.shape[1:])
        weights = _digest(self.network)
        with bars("Computing the frozen part") as tick:
            for done, number in enumerate(passes):
                order = self._order(len(images), number)
                report = partial(_report_progress, tick, done * len(images), len(passes) * len(images))
                blocks = partial(self._blocks, images, order, number, report)
                outputs.append(load_or_compute(self._name(weights, digests, number), shape, blocks))
                places.append(np.argsort(order))
                report(len(images))
        return Features(outputs, places)

    def _order(self, count: int, number: int | None) -> Rows:
        """Return the order of the images in a pass; it mixes the classes, as some changes require."""
        if number is None:
            return np.arange(count)
        return np.random.default_rng([self.recipe.seed, number]).permutation(count)

    def _blocks(
        self, images: Inputs, order: Rows, number: int | None, report: Callable[[int], None]
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the outputs in that order; the last batch is padded, so that only one shape is compiled."""
        changes = _changes(self.recipe, number)
        images.set_epoch(number or 0)
        self.network.jit_compile = compiled()
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = images.batch(np.resize(rows, min(_BATCH, len(order))))
            for layer in changes:
                batch = layer(batch, training=True)
            outputs = predict(self.network, batch).astype(np.float32)
            report(start + len(rows))
            yield outputs[: len(rows)]

    def _name(self, weights: str, digests: list[str], number: int | None) -> str:
        """Return a hash of everything that the outputs depend on, 32 hexadecimal digits."""
        recipe = self.recipe
        facts: list[Any] = [_VERSION, keras.__version__, backend(), weights, recipe.input.model_dump(), digests]
        if number is not None:
            facts += [recipe.augment.model_dump(), recipe.seed, number]
            if recipe.augment.reframe:
                facts.append(MODEL)
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _changes(recipe: Recipe, number: int | None) -> list[keras.layers.Layer]:
    """Return the augmentation layers of a pass; each pass has its own random numbers."""
    if number is None:
        return []
    return augmentation(recipe.augment, int(np.random.default_rng([recipe.seed, number]).integers(2**31)))


def _digest(network: keras.Model) -> str:
    """Return a hash of a network's layers, arithmetic and weights, without layer names, which differ between runs."""
    found = hashlib.sha256()
    for operation in network.operations:
        found.update(f"{type(operation).__name__} {operation.output.dtype} {operation.output.shape}".encode())
        for weight in getattr(operation, "weights", []):
            found.update(np.ascontiguousarray(weight.numpy()).data)
    return found.hexdigest()


def _report_progress(tick: Tick, before: int, total: int, done: int) -> None:
    tick(before + done, total)
