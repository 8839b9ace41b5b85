"""The score that a map explains: the logit of a class against those of the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def class_scores(logits: npt.NDArray[np.floating], index: int) -> npt.NDArray[np.float64]:
    """Return the scores of a class: its logit less the mean of the others' logits, shape (n,) or (n, ...).

    For two classes that is the log odds of the class, before the temperature divides them; a network with one output
    gives the log odds of the second class. A number that is added to all logits changes no probability, and no score.

    Args:
        logits: Shape (n, classes) or (n, 1), or with further axes.
        index: The class, counted from 0.

    >>> class_scores(np.array([[1.0, 3.0]]), 0), class_scores(np.array([[2.0]]), 0)
    (array([-2.]), array([-2.]))
    """
    values = np.asarray(logits, dtype=np.float64)
    if values.shape[1] == 1:
        return values[:, 0] if index else -values[:, 0]
    others = np.delete(values, index, axis=1)
    scores: npt.NDArray[np.float64] = values[:, index] - others.mean(axis=1)
    return scores


def score_weights(logits: int, index: int) -> npt.NDArray[np.float32]:
    """Return the weights whose sum with the logits is the score of a class, shape (logits,).

    Args:
        logits: The number of logits; 1 for a sigmoid.
        index: The class, counted from 0.

    >>> score_weights(3, 1).tolist(), score_weights(1, 0).tolist()
    ([-0.5, 1.0, -0.5], [-1.0])
    """
    if logits == 1:
        return np.asarray([1.0 if index else -1.0], dtype=np.float32)
    weights = np.full(logits, -1.0 / (logits - 1), dtype=np.float32)
    weights[index] = 1.0
    return weights
