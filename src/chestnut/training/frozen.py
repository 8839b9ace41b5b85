"""The frozen part of a network is computed once: its outputs over the data, kept for all epochs and all runs.

Called by `train`; the outputs are kept by `data.outputs` under a name made of everything that decides them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import AugmentConfig, Recipe
from chestnut.data.cache.network_outputs import keep
from chestnut.models.augment import augmentation
from chestnut.models.device import backend, compiled, predict
from chestnut.progress import Bars
from chestnut.training.inputs import Features, Images, Rows

_BATCH = 64

#: Raised when outputs are computed otherwise than before, so that old ones are not mistaken for new.
_VERSION = 1


@dataclass(frozen=True)
class Frozen:
    """A frozen part and the recipe it belongs to.

    Attributes:
        network: From images to the cut.
        recipe: Tells augmentation, seed and passes.
    """

    network: keras.Model
    recipe: Recipe

    def plain(self, images: Images, digests: list[str], bars: Bars) -> Features:
        """Outputs over images as they are.

        Args:
            images: The images, n of them.
            digests: SHA-256 of each.
            bars: Shows the progress.
        """
        return self._features(images, digests, [None], bars)

    def augmented(self, images: Images, digests: list[str], bars: Bars) -> Features:
        """Outputs over as many augmented passes as the recipe asks for and has epochs; one where it changes nothing."""
        train = self.recipe.train
        changes = self.recipe.augment != AugmentConfig()
        passes: list[int | None] = list(range(min(train.passes, train.epochs))) if changes else [None]
        return self._features(images, digests, passes, bars)

    def _features(self, images: Images, digests: list[str], passes: list[int | None], bars: Bars) -> Features:
        kept, places = [], []
        shape = (len(images), *self.network.output.shape[1:])
        weights = _digest(self.network)
        with bars("Computing the frozen part") as tick:
            for done, number in enumerate(passes):
                order = self._order(len(images), number)
                said = partial(_say, tick, done * len(images), len(passes) * len(images))
                blocks = partial(self._blocks, images, order, number, said)
                kept.append(keep(self._name(weights, digests, number), shape, blocks))
                places.append(np.argsort(order))
                said(len(images))
        return Features(kept, places)

    def _order(self, count: int, number: int | None) -> Rows:
        """The order in which a pass sees the images; classes are mixed in it, as some changes need."""
        if number is None:
            return np.arange(count)
        return np.random.default_rng([self.recipe.seed, number]).permutation(count)

    def _blocks(self, images: Images, order: Rows, number: int | None, said: Any) -> Iterator[npt.NDArray[np.float32]]:
        """Outputs in that order; the last batch is filled up, as one shape is compiled once."""
        changes = _changes(self.recipe, number)
        self.network.jit_compile = compiled()
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = images.batch(np.resize(rows, min(_BATCH, len(order))))
            for layer in changes:
                batch = layer(batch, training=True)
            outputs = predict(self.network, batch).astype(np.float32)
            said(start + len(rows))
            yield outputs[: len(rows)]

    def _name(self, weights: str, digests: list[str], number: int | None) -> str:
        """32 hexadecimal digits of everything that decides the outputs."""
        recipe = self.recipe
        facts: list[Any] = [_VERSION, keras.__version__, backend(), weights, recipe.input.model_dump(), digests]
        if number is not None:
            facts += [recipe.augment.model_dump(), recipe.seed, number]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _changes(recipe: Recipe, number: int | None) -> list[keras.layers.Layer]:
    """The augmentation of a pass; each has its own random numbers."""
    if number is None:
        return []
    return augmentation(recipe.augment, int(np.random.default_rng([recipe.seed, number]).integers(2**31)))


def _digest(network: keras.Model) -> str:
    """Of a network's layers, arithmetic and weights; the names of layers without weights differ from run to run."""
    found = hashlib.sha256()
    for operation in network.operations:
        found.update(f"{type(operation).__name__} {operation.output.dtype} {operation.output.shape}".encode())
        for weight in getattr(operation, "weights", []):
            found.update(np.ascontiguousarray(weight.numpy()).data)
    return found.hexdigest()


def _say(tick: Any, before: int, total: int, done: int) -> None:
    tick(before + done, total)
