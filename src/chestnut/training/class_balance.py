"""What is done about unequal classes: weights, or the order in which training images are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def class_weights(targets: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    """Weights n/(classes·count), (classes,): the mean weight of an image is 1 (King & Zeng 2001).

    >>> class_weights(np.array([0, 1, 1, 1]), 2)
    array([2.       , 0.6666667], dtype=float32)
    """
    counts = np.bincount(targets, minlength=classes)
    return (len(targets) / (classes * counts)).astype(np.float32)


def seen_shares(targets: npt.NDArray[np.int64], classes: int, balance: str) -> npt.NDArray[np.float64]:
    """Class shares as the loss sees them: equal once balanced, else those of the training images; (classes,)."""
    counts = np.bincount(targets, minlength=classes).astype(np.float64)
    return counts / counts.sum() if balance == "none" else np.full(classes, 1 / classes)


def epoch_order(targets: npt.NDArray[np.int64], balance: str, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The images of one epoch in the order they are drawn; it depends on nothing but the arguments.

    Args:
        targets: Class of each training image, (n,).
        balance: `oversample` repeats images of smaller classes until all are as large as the largest; `undersample`
            draws as many of each class as the smallest has, anew each epoch; any other draws every image once.
        seed: The run's seed.
        epoch: Counted from 0.

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
    """Images in one epoch."""
    return len(epoch_order(targets, balance, 0, 0))
