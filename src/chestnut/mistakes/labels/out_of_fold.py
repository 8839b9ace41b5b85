"""Turn the predictions of a cross-validation into one prediction for each image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chestnut.errors import DataError, listed
from chestnut.runs.predictions import PredictionTable, with_probabilities


def pool_folds(table: PredictionTable) -> PredictionTable:
    """Return one row for each image, with the mean of its probabilities over the repeats of a cross-validation.

    Args:
        table: Predictions of held-out images with the columns `fold` and `repeat`, as `chestnut crossval` writes them.

    Returns:
        The table without these two columns and without decisions, in the order of the first repeat.

    Raises:
        DataError: The table has no folds, or images of one patient are in several folds of a repeat, so that the
            network that judged one of them had learnt from another.
    """
    frame = table.frame
    if missing := [name for name in ("fold", "repeat") if name not in frame]:
        raise DataError(
            f"the predictions have no column {listed(missing)}; give those of a cross-validation, "
            "which chestnut crossval makes"
        )
    folds = frame.groupby(["repeat", "patient"], sort=False)["fold"].nunique()
    if (folds > 1).any():
        divided = sorted({str(patient) for _, patient in folds.index[folds > 1]})
        raise DataError(
            f"the folds divide {len(divided):,} patients, {listed(divided, 3)}: networks would judge patients that "
            "they have learnt from; make the predictions with chestnut crossval, whose folds are by patient"
        )
    paths, places = np.unique(frame["path"].to_numpy(dtype=str), return_inverse=True)
    times = np.bincount(places)
    sums = np.stack([np.bincount(places, column) for column in table.probabilities.T], axis=1)
    first = frame.drop_duplicates("path").reset_index(drop=True)
    rows = np.searchsorted(paths, first["path"].to_numpy(dtype=str))
    means = sums[rows] / times[rows, None]
    kept = first.drop(columns=["fold", "repeat", "decision"])
    return replace(table, frame=with_probabilities(kept, means, table.classes))
