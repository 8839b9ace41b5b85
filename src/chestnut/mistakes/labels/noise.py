"""Estimate which share of each label is wrong, with intervals over patients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.resamples import resamples
from chestnut.evaluation.patients import number_patients

#: What cleanlab subtracts from a threshold, so that a probability equal to it is not lost to rounding.
_SLACK = 1e-6

Noise = tuple[tuple[Estimate, ...], ...]


def estimate_noise(
    targets: Ints, probabilities: Floats, patients: npt.ArrayLike, *, draws: int = 300, seed: int = 0
) -> Noise:
    """Estimate, for the images of each given label, the share whose true class is each of the classes.

    Args:
        targets: The given classes, 0..k-1, shape (n,).
        probabilities: The out-of-sample probabilities, shape (n, k).
        patients: The patient of each image, shape (n,).
        draws: The number of resamples of the patients.
        seed: Equal seeds give equal intervals.

    Returns:
        A row for each given class with an estimate for each true class, which sum to 1; the interval is the percentile
        one over patients. A class without confident images has undefined figures.
    """
    owners, number = number_patients(patients)
    blocks = resamples(number, len(targets), draws, seed)
    drawn = np.array(
        [
            noise_shares(confident_joint(targets, probabilities, counts[owners]))
            for block in blocks
            for counts in block.T
        ]
    )
    found = noise_shares(confident_joint(targets, probabilities))
    classes = range(probabilities.shape[1])
    return tuple(tuple(_estimate(found[i, j], drawn[:, i, j]) for j in classes) for i in classes)


def confident_joint(targets: Ints, probabilities: Floats, weights: Floats | None = None) -> Floats:
    """Count images by their given label and their confident class (Northcutt 2021, equation 1).

    An image is confident of a class if its probability is at least the mean probability of that class over the images
    with that label; of several such classes, the most probable one counts. Images without such a class do not count.

    Args:
        targets: The given classes, 0..k-1, shape (n,).
        probabilities: The out-of-sample probabilities, shape (n, k).
        weights: How often each image counts, shape (n,); None for once.

    Returns:
        The counts, shape (k, k); the given label comes first.
    """
    k = probabilities.shape[1]
    weights = np.ones(len(targets)) if weights is None else weights
    own = probabilities[np.arange(len(targets)), targets]
    with np.errstate(invalid="ignore"):
        means = np.bincount(targets, weights * own, k) / np.bincount(targets, weights, k)
    passed = probabilities >= np.where(np.isnan(means), np.inf, means) - _SLACK
    counted = passed.any(axis=1)
    guess = np.where(passed, probabilities, -1.0).argmax(axis=1)
    cells = (targets * k + guess)[counted]
    joint: Floats = np.bincount(cells, weights[counted], k * k).reshape(k, k).astype(np.float64)
    return joint


def noise_shares(joint: Floats) -> Floats:
    """Return each row of a confident joint as shares that sum to 1; NaN where the row has no images.

    >>> noise_shares(np.array([[8.0, 2.0], [0.0, 5.0]]))
    array([[0.8, 0.2],
           [0. , 1. ]])
    """
    with np.errstate(invalid="ignore"):
        shares: Floats = joint / joint.sum(axis=1, keepdims=True)
    return shares


def _estimate(value: float, drawn: Floats) -> Estimate:
    known = drawn[np.isfinite(drawn)]
    undefined = len(drawn) - len(known)
    if not np.isfinite(value) or not len(known):
        return Estimate(None, undefined=undefined)
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(value), float(low), float(high), undefined)
