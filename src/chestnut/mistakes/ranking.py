"""Rank decisions: the most confident mistakes first, or the narrowest decisions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Ints
from chestnut.mistakes.evaluated import Evaluated

#: The most mistakes and the most narrow decisions that are shown as pictures.
MOST_MISTAKES, MOST_NARROW = 24, 12


def rank_mistakes(evaluated: Evaluated) -> Ints:
    """Return the rows of all mistakes, those first whose own class got the least probability."""
    rows = np.flatnonzero(evaluated.wrong)
    return rows[np.lexsort((_paths(evaluated)[rows], evaluated.of_label[rows]))]


def rank_narrow(evaluated: Evaluated) -> Ints:
    """Return all rows, those first whose decision, right or wrong, was nearest to another one."""
    return np.lexsort((_paths(evaluated), evaluated.margins))


def _paths(evaluated: Evaluated) -> npt.NDArray[np.str_]:
    return evaluated.table.frame["path"].to_numpy(dtype=str)
