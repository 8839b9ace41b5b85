"""Find the training images that a network sees most like a given image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Ints
from chestnut.mistakes.feature_space import FeatureSpace, Points, unit_length

#: The number of nearest training images of each class that are shown, and of those that are counted by class.
SHOWN, COUNTED = 2, 10


@dataclass(frozen=True)
class Neighbour:
    """A training image that is near an image in the space of the network's features.

    Attributes:
        path: The training image.
        patient: Its patient, who is not the image's.
        label: Its class.
        distance: 1 less the cosine of the standardised features of both, 0 for the same direction and 2 for opposite.
    """

    path: str
    patient: str
    label: str
    distance: float


@dataclass(frozen=True)
class Neighbourhood:
    """The training images near an image.

    Attributes:
        nearest: The nearest of each class that was asked for, class by class, the nearest first.
        counted: The number of nearest training images of any class that were counted.
        labels: How many of these have each class.
    """

    nearest: tuple[Neighbour, ...]
    counted: int
    labels: dict[str, int]


def find_neighbourhood(
    space: FeatureSpace, features: Points, patient: str, sha256: str, classes: tuple[str, ...]
) -> Neighbourhood:
    """Find the training images nearest to an image, without those of its own patient and copies of itself.

    Args:
        space: The training images.
        features: The features of the image, not standardised, shape (features,).
        patient: Its patient.
        sha256: The SHA-256 of its pixels.
        classes: The classes of which the nearest images are wanted.
    """
    frame = space.manifest.frame
    (point,) = unit_length(space.standardise(features[np.newaxis]))
    distances = 1 - space.points @ point
    others = np.flatnonzero((frame["patient"] != patient) & (frame["sha256"] != sha256))
    order = others[np.argsort(distances[others], kind="stable")]
    labels = frame["label"].to_numpy(dtype=object)

    def describe(row: int) -> Neighbour:
        one = frame.iloc[row]
        return Neighbour(str(one["path"]), str(one["patient"]), str(one["label"]), float(max(distances[row], 0)))

    nearest = [describe(row) for name in classes for row in _first(order, labels[order] == name)]
    around = labels[order[:COUNTED]].tolist()
    counts = {str(name): around.count(name) for name in sorted(set(around))}
    return Neighbourhood(tuple(nearest), len(around), counts)


def _first(order: Ints, chosen: npt.NDArray[np.bool_]) -> list[int]:
    rows: list[int] = order[chosen][:SHOWN].tolist()
    return rows
