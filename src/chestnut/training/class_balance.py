"""Balance classes of unequal size, by weights or by how often images are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def class_weights(targets: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    """Return the weights n/(classes·count), shape (classes,); the mean weight of an image is 1 (King & Zeng 2001).

    >>> class_weights(np.array([0, 1, 1, 1]), 2)
    array([2.       , 0.6666667], dtype=float32)
    """
    counts = np.bincount(targets, minlength=classes)
    return (len(targets) / (classes * counts)).astype(np.float32)


def seen_shares(targets: npt.NDArray[np.int64], classes: int, balance: str) -> npt.NDArray[np.float64]:
    """Return the class shares that the loss sees, shape (classes,): equal if balanced, else those of the images."""
    counts = np.bincount(targets, minlength=classes).astype(np.float64)
    return counts / counts.sum() if balance == "none" else np.full(classes, 1 / classes)


def epoch_order(targets: npt.NDArray[np.int64], balance: str, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the images of one epoch in the order in which they are drawn; it depends only on the arguments.

    Args:
        targets: The class of each training image, shape (n,).
        balance: `oversample` repeats images of smaller classes until all are as large as the largest. `undersample`
            draws as many of each class as the smallest has, different ones in each epoch. Any other value draws every
            image once.
        seed: The run's seed.
        epoch: The number of the epoch, from 0.

    Returns:
        Positions in `targets`.
    """
    random = np.random.default_rng([seed, epoch])
    if balance not in ("oversample", "undersample"):
        return random.permutation(len(targets))
    members = [np.flatnonzero(targets == label) for label in np.unique(targets)]
    sizes = [len(group) for group in members]
    size = max(sizes) if balance == "oversample" else min(sizes)
    drawn = [np.resize(random.permutation(group), size) for group in members]
    return random.permutation(np.concatenate(drawn))


def epoch_length(targets: npt.NDArray[np.int64], balance: str) -> int:
    """Return the number of images in one epoch."""
    return len(epoch_order(targets, balance, 0, 0))
