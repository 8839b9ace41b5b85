"""How alike two series of maps are, and which maps of different images are compared for reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.checks.estimates import mean_value
from chestnut.explain.checks.method_check import Likeness, Values
from chestnut.explain.checks.similarity import rank_correlation, scaled_ranks, structural_similarity


def measure_likeness(before: Sequence[Values], after: Sequence[Values], patients: npt.NDArray[np.str_]) -> Likeness:
    """Measure how alike the maps of the same images are, where neither is constant.

    Args:
        before: The map of each image, shape (height, width).
        after: Another map of each.
        patients: Patient identities, shape (n,).
    """
    pairs = [
        (one, other, patient)
        for one, other, patient in zip(before, after, patients, strict=True)
        if np.ptp(one) and np.ptp(other)
    ]
    owners = [patient for _, _, patient in pairs]
    return Likeness(
        len(pairs),
        mean_value([abs(rank_correlation(one, other)) for one, other, _ in pairs], owners),
        mean_value([structural_similarity(one, other) for one, other, _ in pairs], owners),
    )


def measure_excess(
    maps: Sequence[Values], after: Sequence[Values], reference: Sequence[Values], patients: npt.NDArray[np.str_]
) -> Estimate:
    """Measure how much more alike maps are to a second series than to a third, by structural similarity.

    Args:
        maps: The map of each image, shape (height, width).
        after: The second series.
        reference: The third.
        patients: Patient identities, shape (n,).
    """
    triples = zip(maps, after, reference, strict=True)
    more = [structural_similarity(one, two) - structural_similarity(one, three) for one, two, three in triples]
    return mean_value(more, patients)


def measure_between_images(
    maps: Sequence[Values], targets: npt.NDArray[np.int64], patients: npt.NDArray[np.str_]
) -> Likeness | None:
    """Measure how alike the map of each image is to that of the next image of its class; None if no class has two.

    Args:
        maps: The map of each image, shape (height, width).
        targets: The class number of each image, shape (n,).
        patients: Patient identities, shape (n,).
    """
    first: list[int] = []
    second: list[int] = []
    for number in np.unique(targets):
        rows = np.flatnonzero(targets == number).tolist()
        if len(rows) > 1:
            first += rows
            second += [*rows[1:], rows[0]]
    if not first:
        return None
    return measure_likeness([maps[row] for row in first], [maps[row] for row in second], patients[first])


def measure_agreement(series: Sequence[Sequence[Values]]) -> tuple[tuple[float, ...], ...]:
    """Return the mean rank correlation of the maps of each pair of series, a row for each series.

    Args:
        series: The maps of the same images, once for each method.
    """
    ranks = [[scaled_ranks(values).astype(np.float32) for values in maps] for maps in series]
    table = np.eye(len(series))
    for row, first in enumerate(ranks):
        for column, second in enumerate(ranks[:row]):
            pairs = zip(first, second, strict=True)
            table[row, column] = table[column, row] = np.mean([one @ other for one, other in pairs])
    return tuple(tuple(row) for row in table.tolist())
