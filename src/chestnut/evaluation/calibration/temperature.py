"""`Calibration`: the temperature that makes a network's probabilities agree with observed shares, and what it gains.

A network is often surer than it may be. Dividing its logits by one number, the temperature, mends most of that and
changes no ranking and no most likely class (Guo 2017, arXiv:1706.04599).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.calibration.error import Gaps
from chestnut.evaluation.checks import require_finite
from chestnut.evaluation.intervals.estimate import FEW_PATIENTS

#: The range of temperatures. Calibrated networks need 0.5 to 10; far outside, probabilities are all 0 or 1, or equal.
LEAST_TEMPERATURE, MOST_TEMPERATURE = 1e-3, 1e3

#: The fewest patients of each class to fit a temperature to.
LEAST_OF_A_CLASS = 10

#: The parts that patients are divided into; each is judged at the temperature that the others give.
_FOLDS = 10


@dataclass(frozen=True)
class Calibration:
    """A temperature, and what it does to the images that it was fitted to.

    Attributes:
        temperature: The number that divides the logits, in 0.001..1000; 1 where none was fitted.
        images: The number of images.
        patients: The number of patients.
        loss_before: The cross-entropy, in nats, at temperature 1.
        loss_after: The cross-entropy with each patient judged at a temperature that was fitted without that patient;
            None where none was fitted.
        error_before: The calibration error, in 0..1, at temperature 1; the mean over the classes for more than two.
        error_after: The calibration error of the probabilities that `loss_after` is of.
        reason: Why the temperature is 1; empty where one was fitted.
    """

    temperature: float
    images: int
    patients: int
    loss_before: float
    loss_after: float | None
    error_before: float
    error_after: float | None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """Return the temperature and what it gains in one sentence.

        >>> print(Calibration(1.62, 785, 402, 0.214, 0.1823, 0.041, 0.0187))
        temperature 1.62, fitted to 785 images of 402 patients: on patients it was not fitted to, loss 0.182 in place \
of 0.214, calibration error 0.019 in place of 0.041
        """
        if self.loss_after is None or self.error_after is None:
            return f"temperature 1: {self.reason}"
        return (
            f"temperature {self.temperature:.3g}, fitted to {self.images:,} images of {self.patients:,} patients: on "
            f"patients it was not fitted to, loss {self.loss_after:.3f} in place of {self.loss_before:.3f}, "
            f"calibration error {self.error_after:.3f} in place of {self.error_before:.3f}"
        )


def calibrate(targets: npt.ArrayLike, logits: npt.ArrayLike, owners: Ints, seed: int = 0) -> Calibration:
    """Fit the temperature at which the cross-entropy of images is least, every image weighing the same.

    It stays 1, and `reason` says why, where there are fewer than 30 patients or fewer than 10 of a class, where the
    loss has no least value, as on images that are all decided correctly, and where a fitted temperature does not lower
    the loss of patients that it was not fitted to.

    Args:
        targets: Class numbers, shape (n,), n > 0.
        logits: Shape (n, classes), or (n, 1) from a sigmoid head.
        owners: Each image's patient number, shape (n,).
        seed: The seed of the division of the patients.

    Raises:
        DataError: Shapes do not fit, or a logit is NaN or infinite.

    >>> found = calibrate([0, 1], [[1.0, 0.0], [0.0, 1.0]], np.array([0, 1]))
    >>> found.temperature, found.reason
    (1.0, '2 patients are too few to fit a temperature, which takes 30')
    """
    truth, scores = _check(targets, logits)
    before = _Judged.of(truth, scores, owners)
    temperature, after, reason = 1.0, None, _find_obstacle(truth, scores, owners)
    if not reason:
        temperature = _fit(truth, scores)
        after = _Judged.of(truth, cross_fit(truth, scores, owners, seed), owners)
        if after.loss >= before.loss:
            temperature, after = 1.0, None
            reason = "a fitted temperature does not lower the loss of patients that it was not fitted to"
    return Calibration(
        temperature,
        images=len(truth),
        patients=int(owners.max()) + 1,
        loss_before=before.loss,
        loss_after=None if after is None else after.loss,
        error_before=before.error,
        error_after=None if after is None else after.error,
        reason=reason,
    )


def cross_fit(targets: npt.ArrayLike, logits: npt.ArrayLike, owners: Ints, seed: int = 0) -> Floats:
    """Divide each patient's logits by the temperature that was fitted to the patients of other parts.

    Where those happen to be all decided correctly, that temperature is the least possible. The loss of the wrong images
    in the part left out is then huge, as it should be: so few errors do not tell how sure a network may be.

    Args:
        targets: Class numbers, shape (n,), n > 0.
        logits: Shape (n, classes), or (n, 1) from a sigmoid head.
        owners: Each image's patient number, shape (n,).
        seed: The seed of the division of the patients.

    Returns:
        The logits, shape (n, classes); their softmax gives the probabilities.
    """
    truth, scores = _check(targets, logits)
    calibrated = np.empty_like(scores)
    part = _divide(truth, owners, seed)[owners]
    for number in range(_FOLDS):
        inside = part == number
        calibrated[inside] = scores[inside] / _fit(truth[~inside], scores[~inside])
    return calibrated


def rescale_threshold(threshold: float, before: float, after: float) -> float:
    """Return the threshold that decides at a new temperature as another decided at the old one, for two classes.

    Args:
        threshold: The probability, in 0..1, from which images were decided positive.
        before: The temperature that it belongs to, above 0.
        after: The new temperature, above 0.

    >>> rescale_threshold(0.5, 1.0, 2.0), rescale_threshold(0.9, 1.0, 2.0)
    (0.5, 0.75)
    """
    if before == after or threshold in (0.0, 1.0):
        return threshold
    odds = (np.log(threshold) - np.log1p(-threshold)) * before / after
    return float(1 / (1 + np.exp(-odds)))


def decide_alike(one: tuple[float | None, float], other: tuple[float | None, float]) -> bool:
    """Tell whether two thresholds, each with its temperature, decide alike; None, for more than two classes, does.

    >>> decide_alike((0.9, 1.0), (0.75, 2.0)), decide_alike((0.9, 1.0), (0.9, 2.0))
    (True, False)
    """
    (first, before), (second, after) = one, other
    if first is None or second is None:
        return True
    return bool(np.isclose(rescale_threshold(first, before, after), second, rtol=1e-9, atol=1e-12))


@dataclass(frozen=True)
class _Judged:
    """The cross-entropy and the calibration error of images."""

    loss: float
    error: float

    @classmethod
    def of(cls, truth: Ints, scores: Floats, owners: Ints) -> _Judged:
        """Judge images by their logits, shape (n, classes), which a temperature has divided already."""
        logs = _log_probabilities(scores)
        columns = [1] if scores.shape[1] == 2 else range(scores.shape[1])
        once = np.ones((int(owners.max()) + 1, 1))
        errors = [Gaps.of(truth == k, np.exp(logs[:, k]), owners).errors(once)[0] for k in columns]
        loss = -logs[np.arange(len(truth)), truth].mean()
        return cls(float(loss), float(np.mean(errors)))


def _check(targets: npt.ArrayLike, logits: npt.ArrayLike) -> tuple[Ints, Floats]:
    truth, scores = np.asarray(targets, dtype=np.int64), require_finite(logits, "logits")
    if scores.ndim != 2 or truth.shape != scores.shape[:1] or not truth.size:
        raise DataError(f"targets of shape {truth.shape}, logits {scores.shape}; give (n,) and (n, classes), n > 0")
    if scores.shape[1] == 1:
        scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
    return truth, scores - scores.max(axis=1, keepdims=True)


def _find_obstacle(truth: Ints, scores: Floats, owners: Ints) -> str:
    """Say why no temperature can be fitted; empty if one can."""
    patients = int(owners.max()) + 1
    fewest = min(len(np.unique(owners[truth == k])) for k in range(scores.shape[1]))
    if patients < FEW_PATIENTS:
        return f"{patients} patients are too few to fit a temperature, which takes {FEW_PATIENTS}"
    if fewest < LEAST_OF_A_CLASS:
        return f"{fewest} patients of a class are too few to fit a temperature, which takes {LEAST_OF_A_CLASS}"
    if _slope(truth, scores, 1 / MOST_TEMPERATURE) >= 0:
        return "the network's scores say nothing of the classes, so the loss falls with every higher temperature"
    if (scores[np.arange(len(truth)), truth] == 0).all():
        return "all images are decided correctly, so the loss falls with every lower temperature"
    return ""


def _fit(truth: Ints, scores: Floats) -> float:
    """Return the temperature of the least cross-entropy, which is convex in the inverse of the temperature."""
    from scipy.optimize import brentq

    least, most = np.log(1 / MOST_TEMPERATURE), np.log(1 / LEAST_TEMPERATURE)
    if _slope(truth, scores, np.exp(least)) >= 0:
        return MOST_TEMPERATURE
    if _slope(truth, scores, np.exp(most)) <= 0:
        return LEAST_TEMPERATURE
    return float(np.exp(-brentq(lambda inverse: _slope(truth, scores, np.exp(inverse)), least, most, xtol=1e-10)))


def _slope(truth: Ints, scores: Floats, inverse: float) -> float:
    """Return the derivative of the cross-entropy by the inverse of the temperature: expected less true logit."""
    expected = (np.exp(_log_probabilities(scores * inverse)) * scores).sum(axis=1)
    return float((expected - scores[np.arange(len(truth)), truth]).mean())


def _divide(truth: Ints, owners: Ints, seed: int) -> Ints:
    """Return the part of each patient, with patients whose highest class is the same in all parts alike."""
    patients = int(owners.max()) + 1
    highest = np.zeros(patients, dtype=np.int64)
    np.maximum.at(highest, owners, truth)
    order = np.random.default_rng(seed).permutation(patients)
    order = order[np.argsort(highest[order], kind="stable")]
    parts = np.empty(patients, dtype=np.int64)
    parts[order] = np.arange(patients) % _FOLDS
    return parts


def _log_probabilities(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs
