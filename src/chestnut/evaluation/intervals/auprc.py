"""The interval of an AUPRC of images that come from patients."""

from __future__ import annotations

import math

import numpy as np

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.influence import Influence, shrink, whole_patients
from chestnut.evaluation.intervals.shares import Share
from chestnut.evaluation.patients import sum_by_patient
from chestnut.evaluation.ranking_metrics import Ranking


def auprc_share(ranking: Ranking) -> tuple[Share, Influence]:
    """Return the average precision as a share of so many independent trials as its variance stands for.

    The variance between patients comes from their influences. It is shrunk towards the one that AUPRC would have if
    patients were right or wrong as a whole (see `shrink`), as that of a share is. There, a negative patient ranked
    above all P positives costs about (1 + ln P) / P, which is 1 + ln P times what a positive patient ranked last costs.
    So rare negative patients, which can spoil the first ranks, are allowed for. (The way is ours; simulations are in
    the documentation.)

    Args:
        ranking: The images by their scores, of both classes.

    Returns:
        The AUPRC, whose `interval` is its interval, and what each patient contributes to it.
    """
    positive, negative = ranking.weigh(np.ones((int(ranking.owners.max()) + 1, 1)))
    value, influence = _influence(ranking, positive[:, 0], negative[:, 0])
    patients = whole_patients(sum_by_patient(ranking.truth[:, 0], ranking.owners)[0])
    spread = value * (1 - value)
    if spread <= 0:
        return Share(1.0, patients), influence
    worst = spread / patients * (1 + math.log(patients))
    return Share(value, spread / shrink(influence, worst)), influence


def _influence(ranking: Ranking, positive: Floats, negative: Floats) -> tuple[float, Influence]:
    """Return the average precision and its derivatives by the weight of each patient.

    Args:
        ranking: The images by their scores.
        positive: The positive images of each group, shape (g,).
        negative: The negative images of each group.
    """
    found, wrong = positive.cumsum(), negative.cumsum()
    share, reached = positive / found[-1], found + wrong
    precision = found / reached
    value = min(float(share @ precision), 1.0)
    # More weight on an image lowers or raises the precision at its own rank and at all later ones.
    gain = (precision - value) / found[-1] + _sum_later(share * wrong / reached**2)
    loss = -_sum_later(share * found / reached**2)
    sizes = np.diff(np.append(ranking.starts, len(ranking.owners)))
    each = np.where(ranking.truth[:, 0] > 0, np.repeat(gain, sizes), np.repeat(loss, sizes))
    return value, Influence(sum_by_patient(each, ranking.owners)[0], sum_by_patient(1, ranking.owners)[0])


def _sum_later(values: Floats) -> Floats:
    total: Floats = values[::-1].cumsum()[::-1]
    return total
