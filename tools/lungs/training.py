"""Train the network."""

from __future__ import annotations

import sys
import time
from typing import Any

import keras

from tools.lungs.batches import Batches
from tools.lungs.network import keras_network

_RATE, _WARM, _DECAY = 3e-3, 200, 1e-3


def train(batches: Batches, seed: int) -> keras.Model:
    """Train a network on all batches once; the rate of learning rises quickly and then falls along a cosine to 0."""
    keras.utils.set_random_seed(seed)
    network = keras_network()
    rate = keras.optimizers.schedules.CosineDecay(
        1e-5, len(batches) - _WARM, warmup_target=_RATE, warmup_steps=_WARM, alpha=1e-3
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=_DECAY, clipnorm=1.0)
    network.compile(optimizer, loss=[field_loss, presence_loss], jit_compile=False)
    network.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[_Progress()])
    return network


def field_loss(true: Any, logits: Any) -> Any:
    """Return the cross-entropy of the pixels plus, for images with lungs, one minus the Dice overlap; shape (n,)."""
    ops = keras.ops
    entropy = ops.mean(ops.relu(logits) - logits * true + ops.softplus(-ops.abs(logits)), axis=(1, 2, 3))
    field = ops.sigmoid(logits)
    both = ops.sum(field * true, axis=(1, 2))
    area = ops.sum(true, axis=(1, 2))
    dice = (2 * both + 1) / (ops.sum(field, axis=(1, 2)) + area + 1)
    weight = ops.cast(area > 1, "float32")
    return entropy + 0.5 * ops.mean(weight * (1 - dice), axis=1)


def presence_loss(true: Any, logits: Any) -> Any:
    """Return the cross-entropy of the presence of two lungs, weighted against the loss of the field; shape (n,)."""
    ops = keras.ops
    return 0.1 * ops.mean(ops.relu(logits) - logits * true + ops.softplus(-ops.abs(logits)), axis=1)


class _Progress(keras.callbacks.Callback):
    """Tells the loss now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Write a line every hundred batches."""
        if (batch + 1) % 100 == 0:
            seconds = time.perf_counter() - self._start
            print(f"{batch + 1} batches, {seconds:.0f} s, loss {(logs or {})['loss']:.4f}", file=sys.stderr, flush=True)
