"""`Cloud`: where the training images lie in a space of features, and how far another image is from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints

Singles = npt.NDArray[np.float32]

#: The most directions that are kept, those in which the images differ most.
_MOST_DIRECTIONS = 128

#: Features that vary less than this share of the most variable one are taken to vary so much.
_LEAST_DEVIATION = 1e-3

#: Directions whose share of the variation is below this are rounding errors.
_LEAST_VARIATION = 1e-10

#: Added to the variance in every direction, as a share of the mean: there may be none in some.
_LEAST_VARIANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Cloud:
    """Images as points around the centres of their classes.

    The distance is Mahalanobis's, to the nearest centre, with one covariance for all classes, shrunk as there are few
    images (Lee et al. 2018, arXiv:1807.03888; Ledoit and Wolf 2004, J. Multivariate Analysis 88:365-411).

    Attributes:
        origin: The mean of each feature, shape (features,).
        weights: Turns features into directions in which the images of a class have unit variance and no correlation,
            shape (features, directions).
        centres: The place of each class there, shape (classes, directions).
    """

    origin: Singles
    weights: Singles
    centres: Singles

    @classmethod
    def fit(cls, points: npt.ArrayLike, groups: Ints) -> Self:
        """Fit the cloud of training images.

        Args:
            points: Their features, shape (n, features), with n of at least 3.
            groups: The class of each, shape (n,).
        """
        from sklearn.covariance import ledoit_wolf  # takes half a second to import, and judging needs none of it

        values = np.asarray(points, dtype=np.float64)
        origin, deviation = values.mean(axis=0), values.std(axis=0)
        scale = np.maximum(deviation, _LEAST_DEVIATION * deviation.max() or 1.0)
        scaled = (values - origin) / scale
        directions = _directions(scaled)
        places = scaled @ directions
        names, numbers = np.unique(groups, return_inverse=True)
        means = np.stack([places[numbers == number].mean(axis=0) for number in range(len(names))])
        covariance, _ = ledoit_wolf(places - means[numbers], assume_centered=True)
        least = _LEAST_VARIANCE * (np.trace(covariance) / len(covariance) or 1.0)
        whiten = np.linalg.cholesky(np.linalg.inv(covariance + least * np.eye(len(covariance))))
        weights = (directions / scale[:, np.newaxis]) @ whiten
        return cls(_single(origin), _single(weights), _single(means @ whiten))

    def distances(self, points: npt.ArrayLike) -> Floats:
        """Return how far images are from the nearest class.

        Args:
            points: Their features, shape (n, features); NaN gives NaN.

        Returns:
            Distances, about the root of the number of directions for a training image, shape (n,).
        """
        values = np.asarray(points, dtype=np.float64)
        places = (values - self.origin) @ self.weights.astype(np.float64)
        apart = [np.square(places - centre).sum(axis=1) for centre in self.centres.astype(np.float64)]
        return np.asarray(np.sqrt(np.min(apart, axis=0)))


def _directions(scaled: Floats) -> Floats:
    """Return the directions in which images differ most, shape (features, directions), by their products in pairs.

    There are fewer images than features or not many more, so that this is faster than a decomposition of the features.
    """
    variation, vectors = np.linalg.eigh(scaled @ scaled.T)
    count = min(_MOST_DIRECTIONS, len(scaled) - 1, scaled.shape[1])
    order = np.argsort(variation)[::-1][:count]
    order = order[variation[order] > _LEAST_VARIATION * max(variation.max(), 0.0)]
    if not len(order):  # all images are equal
        return np.eye(scaled.shape[1], 1)
    return np.asarray(scaled.T @ vectors[:, order] / np.sqrt(variation[order]))


def _single(values: Floats) -> Singles:
    return values.astype(np.float32)
