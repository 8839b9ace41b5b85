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
