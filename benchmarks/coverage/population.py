"""The true figures of a population, by plain NumPy that shares no code with chestnut.

Where scores are normal within a class, the population is made of their quantiles, so that nothing is left to chance;
elsewhere it is a million images drawn at random.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from benchmarks.coverage.cohorts import (
    Cell,
    Sample,
    contaminated_share,
    draw_images,
    image_shares,
    means_of,
    patient_shares,
    probabilities_of,
    threshold_of,
)
from chestnut.evaluation.arrays import Floats, Ints

#: The number of images of a population that is drawn at random, and of one that is made of quantiles.
IMAGES = 1_000_000
QUANTILES = 200_000

# The least number of its patients, where images of one patient are alike.
_PATIENTS = 200_000

# As the calibration error has them: one for ten images, 15 at most.
_BINS, _IN_BIN = 15, 10

_CLIP = float(np.finfo(np.float32).eps)


def true_figures(cell: Cell, images: int) -> dict[str, float]:
    """Return the true value of every metric.

    Args:
        cell: The population.
        images: The number of images in a sample, on which the number of bins of the calibration error depends.
    """
    figures, errors = _figures(_population_of(cell))
    return figures | {"calibration_error": errors[int(np.clip(images // _IN_BIN, 1, _BINS)) - 1]}


def _population_of(cell: Cell) -> Cell:
    """Return the cell whose population is the same: marginal figures do not depend on how images are grouped."""
    if cell.variant == "informative":
        return cell
    return replace(cell, images="1", icc=0.0)


@lru_cache(maxsize=256)
def _figures(cell: Cell) -> tuple[dict[str, float], tuple[float, ...]]:
    sample = _draw_population(cell)
    figures = compute_figures(sample.truth, sample.probabilities, sample.threshold)
    each = _sorted_gaps(sample.truth, sample.probabilities)
    return figures, tuple(float(np.mean([_gaps(*one, bins) for one in each])) for bins in range(1, _BINS + 1))


def _draw_population(cell: Cell) -> Sample:
    """Return the population of a cell."""
    if cell.variant == "informative" or cell.classes > 2:
        mean = 1 if cell.images == "1" else 2 if cell.images == "1–3" else 15
        count = max(IMAGES // mean, _PATIENTS)
        numbers = np.round(np.array(patient_shares(cell.patients, cell.prior)) * count).astype(int)
        labels = np.repeat(np.arange(cell.classes), numbers)
        return draw_images(cell, labels, np.random.default_rng(cell.seed))
    scores, truth = [], []
    wrong = contaminated_share(cell)
    for number, share in enumerate(image_shares(cell)):
        for seen, part in ((number, 1 - wrong), (1 - number, wrong)):
            count = round(QUANTILES * share * part)
            scores.append(means_of(cell)[seen] + ndtri((np.arange(count) + 0.5) / max(count, 1))[:, None])
            truth.append(np.full(count, number))
    labels = np.concatenate(truth)
    return Sample(labels, probabilities_of(cell, np.concatenate(scores)), np.arange(len(labels)), threshold_of(cell))


def compute_figures(truth: Ints, probabilities: Floats, threshold: float) -> dict[str, float]:
    """Return every metric but the calibration error.

    Args:
        truth: Class numbers, shape (n,).
        probabilities: Shape (n, classes).
        threshold: The least probability at which the last class of two is decided.
    """
    classes = probabilities.shape[1]
    decided = (probabilities[:, 1] >= threshold).astype(int) if classes == 2 else probabilities.argmax(axis=1)
    cells = np.bincount(truth * classes + decided, minlength=classes**2).reshape(classes, classes) / len(truth)
    views = [1] if classes == 2 else range(classes)
    each = [_view(cells, number, truth == number, probabilities[:, number]) for number in views]
    figures = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
    correct = float(np.trace(cells))
    rows, columns = cells.sum(axis=1), cells.sum(axis=0)
    spread = np.sqrt((1 - rows @ rows) * (1 - columns @ columns))
    own = np.clip(probabilities[np.arange(len(truth)), truth], _CLIP, 1)
    return figures | {
        "accuracy": correct,
        "balanced_accuracy": float(np.mean(np.diag(cells) / rows)),
        "mcc": float((correct - rows @ columns) / spread),
        "brier": float(np.sum([one["brier"] for one in each])),
        "loss": float(-np.log(own).mean()),
    }


def _view(cells: Floats, number: int, truth: Floats, scores: Floats) -> dict[str, float]:
    hit, positive, decided = cells[number, number], cells[number].sum(), cells[:, number].sum()
    wrong = decided - hit
    passed = 1 - positive - wrong
    sensitivity, specificity = hit / positive, passed / (1 - positive)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "precision": hit / decided,
            "npv": passed / (1 - decided),
            "f1": 2 * hit / (positive + decided),
            "lr_positive": sensitivity / (1 - specificity),
            "lr_negative": (1 - sensitivity) / specificity,
            "auroc": _auroc(truth, scores),
            "auprc": _auprc(truth, scores),
            "brier": float(((scores - truth) ** 2).mean()),
        }


def _auroc(truth: Floats, scores: Floats) -> float:
    positives = int(truth.sum())
    ranks = rankdata(scores)[truth].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * (len(truth) - positives)))


def _auprc(truth: Floats, scores: Floats) -> float:
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))
    found = np.cumsum(truth[order])[ends]
    return float(np.diff(found, prepend=0) @ (found / (ends + 1)) / found[-1])


def calibration_error(truth: Ints, probabilities: Floats, bins: int) -> float:
    """Return the mean gap of predicted and observed share in bins of equally many images, as a mean over the classes.

    Args:
        truth: Class numbers, shape (n,).
        probabilities: Shape (n, classes).
        bins: The number of bins, 1 or more; equal probabilities share one.
    """
    return float(np.mean([_gaps(*one, bins) for one in _sorted_gaps(truth, probabilities)]))


def _sorted_gaps(truth: Ints, probabilities: Floats) -> list[tuple[Floats, Floats]]:
    """Return, for each class, the rising probabilities and the running sum of probability minus truth."""
    found = []
    for number in [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1]):
        order = np.argsort(probabilities[:, number])
        rising = probabilities[order, number]
        found.append((rising, np.cumsum(rising - (truth[order] == number))))
    return found


def _gaps(rising: Floats, sums: Floats, bins: int) -> float:
    edges = np.unique(np.quantile(rising, np.arange(1, bins) / bins, method="inverted_cdf"))
    ends = np.unique([*np.searchsorted(rising, edges, side="right"), len(rising)])
    return float(np.abs(np.diff(sums[ends - 1], prepend=0)).sum() / len(rising))
