"""Standard errors by formula, for a share and for an AUROC of independent cases: what so few cases can tell at best."""

from __future__ import annotations

import math


def share_error(share: float, trials: float) -> float:
    """Return the standard error √(p(1−p)/n) of a share of independent trials.

    Args:
        share: The share p, in 0..1.
        trials: The number n of trials.

    Returns:
        NaN without trials or where `share` is out of range.

    >>> round(share_error(0.9, 100), 3)
    0.03
    """
    if not trials or not 0 <= share <= 1:
        return math.nan
    return math.sqrt(share * (1 - share) / trials)


def auroc_error(auroc: float, positives: float, negatives: float) -> float:
    """Return the standard error of an AUROC of independent cases (Hanley and McNeil 1982, Radiology 143:29-36).

    Args:
        auroc: The AUROC, in 0..1.
        positives: The number of positive cases.
        negatives: The number of negative cases.

    Returns:
        NaN where there are no cases of a class or `auroc` is out of range.

    >>> round(auroc_error(0.85, 50, 50), 3), round(auroc_error(0.9, 234, 390), 3)
    (0.039, 0.014)
    """
    if min(positives, negatives) < 1 or not 0 <= auroc <= 1:
        return math.nan
    of_two_positives, of_two_negatives = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    spread = auroc * (1 - auroc)
    spread += (positives - 1) * (of_two_positives - auroc**2) + (negatives - 1) * (of_two_negatives - auroc**2)
    return math.sqrt(max(spread, 0.0) / (positives * negatives))
