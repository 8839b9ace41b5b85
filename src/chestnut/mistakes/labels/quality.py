"""`LabelQuality`: how well the labels of images agree with networks that did not learn from these images.

The method is confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70:1373-1411), as cleanlab computes it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, MissingExtraError
from chestnut.evaluation.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class LabelQuality:
    """The agreement of n labels with predicted probabilities.

    Attributes:
        self_confidence: The probability of the given label, 0..1, shape (n,).
        margin: The normalised margin, 0..1, shape (n,): (1 + p(given) − the largest p of another class) / 2. Below 0.5,
            another class is more probable than the given one.
        suggested: The most probable class other than the given one, shape (n,).
        suspect: Whether confident learning counts the label as an error, shape (n,).
        order: The positions of the images, shape (n,): suspects first, and in both parts the smallest margin first.
    """

    self_confidence: Floats
    margin: Floats
    suggested: Ints
    suspect: npt.NDArray[np.bool_]
    order: Ints


def require_cleanlab() -> None:
    """Check that cleanlab is installed.

    Raises:
        MissingExtraError: It is not.
    """
    if find_spec("cleanlab") is None:
        raise MissingExtraError(
            "suspected label errors need cleanlab, which is not installed; run pip install 'chestnut[labels]', or "
            "pip install '.[labels]' in chestnut's source folder"
        )


def judge_labels(targets: Ints, probabilities: Floats) -> LabelQuality:
    """Compare labels with probabilities from networks that did not learn from these images.

    Of each given class, as many images are suspects as the confident joint counts in other classes, those with the
    largest difference of p(other) − p(given) first: cleanlab's `prune_by_noise_rate`.

    Args:
        targets: The given classes, 0..k-1, shape (n,).
        probabilities: The out-of-sample probabilities, shape (n, k).

    Raises:
        DataError: The images are of one class only.
        MissingExtraError: cleanlab is not installed.
    """
    require_cleanlab()
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    if len(np.unique(targets)) < 2:
        raise DataError("the images have labels of one class only; label errors can be found where there are two")
    others = probabilities.copy()
    others[np.arange(len(targets)), targets] = -1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # cleanlab's, of classes with few images: it keeps one of each
        suspect = np.asarray(find_label_issues(targets, probabilities, n_jobs=1), dtype=bool)
    margin = np.asarray(get_label_quality_scores(targets, probabilities, method="normalized_margin"), dtype=np.float64)
    return LabelQuality(
        self_confidence=probabilities[np.arange(len(targets)), targets],
        margin=margin,
        suggested=others.argmax(axis=1).astype(np.int64),
        suspect=suspect,
        order=np.lexsort((margin, ~suspect)).astype(np.int64),
    )
