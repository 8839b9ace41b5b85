"""Find groups of mistakes that look alike to the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.mistakes.feature_space import Points

#: Mistakes of a class are grouped if there are so many of so many patients; a group has those of so many patients.
FEWEST_MISTAKES, FEWEST_PATIENTS, LEAST_PATIENTS = 20, 10, 5

#: The most mistakes of a class that are grouped: the most confident.
MOST_GROUPED = 500

#: The least mean silhouette that counts as a structure (Kaufman and Rousseeuw 1990, Finding Groups in Data, table 4).
_LEAST_SILHOUETTE = 0.26
_MOST_GROUPS, _COMPONENTS, _REFERENCES = 5, 10, 20


@dataclass(frozen=True, eq=False)
class Clustering:
    """Mistakes of one class in groups.

    Attributes:
        codes: The number of each mistake's group, from 0 by size; -1 for one in a group of too few patients, and for
            all where there are no groups, shape (n,).
        centres: The place of the mistake nearest to the centre of each group, the others of the group after it.
        silhouette: The mean silhouette (Rousseeuw 1987), in -1..1; -1 where no two groups are large enough; None where
            there are too few mistakes.
        chance: The largest mean silhouette of as many groups of points without groups; None as before.
    """

    codes: Ints
    centres: tuple[Ints, ...]
    silhouette: float | None
    chance: float | None


def cluster(points: Points, owners: Ints) -> Clustering:
    """Group mistakes by Ward's method on their principal components, if they form groups at all.

    The number of groups, 2 to 5, is that of the largest mean silhouette among those that leave two groups or more of at
    least five patients. The groups count if it is 0.26 or more, and larger than that of each of 20 drawings of as many
    points from one normal distribution with the same variances.

    Args:
        points: The standardised features of the mistakes, shape (n, features).
        owners: Each mistake's patient number, shape (n,).
    """
    count = len(points)
    none = np.full(count, -1, dtype=np.int64)
    if count < FEWEST_MISTAKES or len(np.unique(owners)) < FEWEST_PATIENTS:
        return Clustering(none, (), None, None)
    components = _principal(points)
    silhouette, codes = _best(components, owners)
    generator = np.random.default_rng(0)
    spread = components.std(axis=0)
    chance = max(_best(generator.normal(0, spread, components.shape), owners)[0] for _ in range(_REFERENCES))
    if silhouette < _LEAST_SILHOUETTE or silhouette <= chance:
        return Clustering(none, (), silhouette, chance)
    return _order(components, codes, owners, silhouette, chance)


def _principal(points: Points) -> Floats:
    """Return the principal components of points, shape (n, at most 10)."""
    centred = points.astype(np.float64) - points.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    kept = min(_COMPONENTS, len(points) // 4, int((values > values[0] * 1e-6).sum()) or 1)
    components: Floats = left[:, :kept] * values[:kept]
    return components


def _best(points: Floats, owners: Ints) -> tuple[float, Ints]:
    """Return the largest mean silhouette of 2 to 5 groups of which two are large enough, and the groups; −1 if none."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist, squareform
    from sklearn.metrics import silhouette_score

    distances = pdist(points)
    tree, table = linkage(distances, "ward"), squareform(distances)
    found = [(-1.0, np.zeros(len(points), dtype=np.int64))]
    for number in range(2, _MOST_GROUPS + 1):
        codes = fcluster(tree, number, "maxclust").astype(np.int64)
        if len(_large(codes, owners)) > 1:
            found.append((float(silhouette_score(table, codes, metric="precomputed")), codes))
    return max(found, key=lambda one: one[0])


def _large(codes: Ints, owners: Ints) -> list[Ints]:
    """Return the places of each group of enough patients."""
    members = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    return [rows for rows in members if len(np.unique(owners[rows])) >= LEAST_PATIENTS]


def _order(points: Floats, codes: Ints, owners: Ints, silhouette: float, chance: float) -> Clustering:
    """Number the groups by size, without those of too few patients, and find what lies at their centres."""
    kept = sorted(_large(codes, owners), key=lambda rows: -len(rows))
    ordered = np.full(len(points), -1, dtype=np.int64)
    centres = []
    for number, rows in enumerate(kept):
        ordered[rows] = number
        distances: npt.NDArray[np.float64] = np.linalg.norm(points[rows] - points[rows].mean(axis=0), axis=1)
        centres.append(rows[np.argsort(distances, kind="stable")])
    return Clustering(ordered, tuple(centres), silhouette, chance)
