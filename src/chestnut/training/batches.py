"""Batches of training images, in an order that depends only on the seed and the number of the epoch."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import Recipe
from chestnut.training.class_balance import class_weights, epoch_length, epoch_order
from chestnut.training.distributed.devices import ONE, Devices
from chestnut.training.inputs import Inputs


class Batches(keras.utils.PyDataset):
    """The batches of one epoch at a time; with several hosts, this host's share of each batch.

    A batch is (inputs (b, …), targets float32 (b, classes) or (b, 1), weights (b,)). Without class weights, and on one
    device, the weights are left out.
    """

    def __init__(
        self, inputs: Inputs, targets: npt.NDArray[np.int64], recipe: Recipe, classes: int, devices: Devices = ONE
    ) -> None:
        super().__init__()
        self.devices = devices
        self.inputs = inputs
        self.targets = targets
        self.recipe = recipe
        self.encoded = encode(targets, classes, recipe.model.head)
        self.weights = class_weights(targets, classes) if recipe.data.balance == "weights" else None
        self.images = epoch_length(targets, recipe.data.balance)
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Draw the order of an epoch, where 0 is the first."""
        self.inputs.set_epoch(epoch)
        self.order = epoch_order(self.targets, self.recipe.data.balance, self.recipe.seed, epoch)

    def __len__(self) -> int:
        return math.ceil(self.images / self.recipe.train.batch_size)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], ...]:
        size = self.recipe.train.batch_size
        rows, weights = self.devices.share(self.order[index * size : (index + 1) * size])
        if (own := self.weigh(rows)) is not None:
            weights = own if weights is None else own * weights
        inputs = self.inputs.batch(rows)
        return (inputs, self.encoded[rows]) if weights is None else (inputs, self.encoded[rows], weights)

    def weigh(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32] | None:
        """Return the class weights of some rows, in their shape; None without class weights."""
        return None if self.weights is None else self.weights[self.targets[rows]]


def encode(targets: npt.NDArray[np.int64], classes: int, head: str) -> npt.NDArray[np.float32]:
    """Encode class indices for a loss: one-hot for `softmax`, a column of 0 and 1 for `sigmoid`.

    >>> encode(np.array([0, 1]), 2, "sigmoid").ravel()
    array([0., 1.], dtype=float32)
    """
    if head == "sigmoid":
        return targets.astype(np.float32)[:, None]
    return np.eye(classes, dtype=np.float32)[targets]
