"""The interval of a loss: the mean of numbers of 0 or more, few of which are large."""

from __future__ import annotations

import numpy as np

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.distributions import gamma_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.intervals.influence import Influence, shrink, whole_patients
from chestnut.evaluation.patients import sum_by_patient


def loss_estimate(
    losses: Floats, opposite: Floats, owners: Ints, most: float = np.inf, confidence: float = CONFIDENCE
) -> Estimate:
    """Return a mean loss with its interval.

    Errors are few and cost much, so the sum of losses is nearer to a number of events of equal cost than to a normal
    variable; the ends are those of a Poisson mean, that is quantiles of gamma distributions (Fay and Feuer 1997,
    Statistics in Medicine 16:791-801, for sums of unequal events). The cost of an event is the variance divided by the
    mean. The variance between patients is shrunk towards that of patients who go wrong as a whole (see `shrink`), at
    what the network's own probabilities say that an error costs.

    Args:
        losses: The loss of each image, 0 or more, shape (n,).
        opposite: The loss that each image would have if it were of another class, shape (n,).
        owners: Each image's patient number, shape (n,).
        most: The largest loss that an image can have.
        confidence: The coverage, in 0..1.

    >>> loss = loss_estimate(np.array([0.1, 0.2, 0.1, 1.6]), np.array([2.4, 1.7, 2.4, 0.2]), np.arange(4))
    >>> str(loss)
    '0.500 (0.038–2.104)'
    """
    trials = sum_by_patient(1, owners)[0]
    influence = Influence.of(sum_by_patient(losses, owners)[0], trials)
    value = float(losses.mean())
    cost = max(value, float(opposite.mean())) / whole_patients(trials)
    event = shrink(influence, value * cost) / value if value > 0 else cost
    if event <= 0:
        return Estimate(value, value, most)
    tail, events = (1 - confidence) / 2, value / event
    low = event * float(gamma_quantile(tail, events))
    high = event * float(gamma_quantile(1 - tail, events + 1))
    return Estimate(value, min(low, value), max(min(high, most), value))
